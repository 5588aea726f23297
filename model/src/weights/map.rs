//! Tensors in memory: variables under training, random models in tests.

use std::collections::HashMap;

use candle_core::Tensor;

use super::Weights;
use crate::{Error, Result};

/// Tensors by name. A model built on the tensors of variables follows their updates and gives them gradients.
#[derive(Debug, Clone, Default)]
pub struct Map(pub HashMap<String, Tensor>);

impl Weights for Map {
    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let tensor = self.0.get(name).ok_or_else(|| Error::MissingTensor {
            name: name.to_owned(),
        })?;
        if tensor.dims() != shape {
            return Err(Error::Shape {
                name: name.to_owned(),
                expected: shape.to_vec(),
                found: tensor.dims().to_vec(),
            });
        }
        Ok(tensor.clone())
    }
}
