//! Vectors of tokens.

use std::sync::Arc;

use candle_core::Tensor;

use super::Linear;
use crate::{Result, kernels::Matrix};

/// A table with one row a token.
#[derive(Debug, Clone)]
pub enum Embedding {
    /// The table as a tensor: `[vocabulary, hidden]`.
    Dense(Tensor),
    /// The table as a GGUF stores it.
    Quantized(Arc<Matrix>),
}

impl Embedding {
    /// The rows of these tokens: `[tokens, hidden]`.
    pub fn forward(&self, tokens: &Tensor) -> Result<Tensor> {
        match self {
            Self::Dense(table) => Ok(table.index_select(tokens, 0)?),
            Self::Quantized(table) => {
                let width = table.columns();
                let numbers = tokens.to_vec1::<u32>()?;
                let mut rows = vec![0f32; numbers.len() * width];
                for (&token, row) in numbers.iter().zip(rows.chunks_exact_mut(width)) {
                    table.row(token as usize, row)?;
                }
                Ok(Tensor::from_vec(
                    rows,
                    (numbers.len(), width),
                    tokens.device(),
                )?)
            }
        }
    }

    /// The table as the output projection of a model that ties both.
    pub fn as_linear(&self) -> Linear {
        match self {
            Self::Dense(table) => Linear::Dense {
                weight: table.clone(),
                bias: None,
            },
            Self::Quantized(table) => Linear::Quantized {
                matrix: Arc::clone(table),
                bias: None,
            },
        }
    }
}
