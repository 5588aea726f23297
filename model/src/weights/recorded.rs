//! A copy of all that a model takes from its weights.

use std::collections::BTreeMap;

use candle_core::Tensor;

use super::Weights;
use crate::Result;

/// Hands out dense tensors and keeps each by its name: the full list of a model's parameters, to train or to write them.
pub struct Recorded<'a> {
    weights: &'a mut dyn Weights,
    /// What has been handed out.
    pub tensors: BTreeMap<String, Tensor>,
}

impl<'a> Recorded<'a> {
    /// Records what is taken from these weights.
    pub fn new(weights: &'a mut dyn Weights) -> Self {
        Self {
            weights,
            tensors: BTreeMap::new(),
        }
    }
}

impl Weights for Recorded<'_> {
    fn has(&self, name: &str) -> bool {
        self.weights.has(name)
    }

    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let tensor = self.weights.tensor(name, shape)?;
        self.tensors.insert(name.to_owned(), tensor.clone());
        Ok(tensor)
    }
}
