//! Where a model's parameters come from.
//!
//! Parameters are asked for by the names that Hugging Face gives those of Llama, in every family; readers and writers map what a
//! family or a format calls differently.

mod check;
mod folder;
pub mod gguf;
mod map;
mod names;
mod recorded;
mod shards;
mod write;

use candle_core::Tensor;
pub use folder::Folder;
pub(crate) use folder::read_json;
pub use gguf::{Gguf, GgufWeights, Keep};
pub use map::Map;
pub use recorded::Recorded;
pub use write::write;

use crate::{
    Result,
    layers::{Embedding, Linear},
};

/// A source of parameters: files, a set of variables that are trained, or random numbers.
pub trait Weights {
    /// Whether there is a tensor of this name.
    fn has(&self, name: &str) -> bool;

    /// The tensor of this name and shape, in the type that the model computes in.
    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor>;

    /// The projection `name.weight` of shape `[outputs, inputs]`, with `name.bias` if it has one.
    ///
    /// Sources with quantised matrices, or that adapt some of them, hand out other kinds than the dense one.
    fn linear(&mut self, name: &str, inputs: usize, outputs: usize, bias: bool) -> Result<Linear> {
        let weight = self.tensor(&format!("{name}.weight"), &[outputs, inputs])?;
        let bias = self.bias(name, outputs, bias)?;
        Ok(Linear::Dense { weight, bias })
    }

    /// The tensor `name.bias`, where there is one.
    fn bias(&mut self, name: &str, outputs: usize, bias: bool) -> Result<Option<Tensor>> {
        bias.then(|| self.tensor(&format!("{name}.bias"), &[outputs]))
            .transpose()
    }

    /// The embedding `name.weight` of shape `[rows, width]`.
    fn embedding(&mut self, name: &str, rows: usize, width: usize) -> Result<Embedding> {
        Ok(Embedding::Dense(
            self.tensor(&format!("{name}.weight"), &[rows, width])?,
        ))
    }
}
