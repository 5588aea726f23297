//! Vectors of tokens.

use candle_core::Tensor;

use super::Linear;
use crate::Result;

/// A table with one row a token.
#[derive(Debug, Clone)]
pub enum Embedding {
    /// The table as a tensor: `[vocabulary, hidden]`.
    Dense(Tensor),
}

impl Embedding {
    /// The rows of these tokens: `[tokens, hidden]`.
    pub fn forward(&self, tokens: &Tensor) -> Result<Tensor> {
        match self {
            Self::Dense(table) => Ok(table.index_select(tokens, 0)?),
        }
    }

    /// The table as the output projection of a model that ties both.
    pub fn as_linear(&self) -> Linear {
        match self {
            Self::Dense(table) => Linear::Dense {
                weight: table.clone(),
                bias: None,
            },
        }
    }
}
