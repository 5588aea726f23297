//! What is trained: all parameters of a model, or thin matrices beside some of its projections.

use std::collections::BTreeMap;

use candle_core::{Tensor, Var};
use serde::{Deserialize, Serialize};

use super::random::Random;
use crate::{Error, Result, Weights, layers::Linear};

/// What of a model is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Method {
    /// Every parameter.
    Full,
    /// Low-rank changes of some projections (Hu et al., arXiv 2106.09685).
    LowRank(LowRank),
}

/// The settings of LoRA.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LowRank {
    /// The inner width.
    pub rank: usize,
    /// The change is multiplied with `alpha / rank`.
    pub alpha: f64,
    /// The last words of the projections' names, such as `q_proj`.
    pub targets: Vec<String>,
    /// For the random half; the other half is zero, so training starts at the model as it is.
    pub seed: u64,
}

impl Default for LowRank {
    fn default() -> Self {
        let targets = [
            "q_proj",
            "k_proj",
            "v_proj",
            "o_proj",
            "gate_proj",
            "up_proj",
            "down_proj",
        ];
        Self {
            rank: 16,
            alpha: 32.0,
            targets: targets.map(str::to_owned).to_vec(),
            seed: 0,
        }
    }
}

/// A source of parameters that makes variables of those that are trained.
///
/// A decoder built from it shares the variables: what an optimiser does to them, the decoder sees.
pub struct Trainable<'a> {
    inner: &'a mut dyn Weights,
    method: Method,
    parameters: Parameters,
}

/// The variables of a model under training, and the tensors that stay as they are.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    /// By name, as the model asks for them; LoRA's are `NAME.lora_A.weight` and `NAME.lora_B.weight`, as PEFT writes them.
    pub variables: BTreeMap<String, Var>,
    frozen: BTreeMap<String, Tensor>,
    /// `alpha / rank` of every adapted projection.
    adapted: BTreeMap<String, f64>,
}

impl<'a> Trainable<'a> {
    /// Variables with the values of another source.
    pub fn new(inner: &'a mut dyn Weights, method: Method) -> Self {
        Self {
            inner,
            method,
            parameters: Parameters::default(),
        }
    }

    /// The parameters, after a model has been built.
    pub fn finish(self) -> Result<Parameters> {
        match (&self.method, self.parameters.variables.is_empty()) {
            (Method::LowRank(settings), true) => Err(Error::config(
                "targets",
                format!(
                    "names no projection of this model: {}",
                    settings.targets.join(", ")
                ),
            )),
            _ => Ok(self.parameters),
        }
    }

    fn variable(&mut self, name: String, value: &Tensor) -> Result<Tensor> {
        let variable = Var::from_tensor(value)?;
        let tensor = variable.as_tensor().clone();
        self.parameters.variables.insert(name, variable);
        Ok(tensor)
    }
}

impl Weights for Trainable<'_> {
    fn has(&self, name: &str) -> bool {
        self.inner.has(name)
    }

    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor> {
        if let Some(known) = self.parameters.variables.get(name) {
            return Ok(known.as_tensor().clone());
        }
        let value = self.inner.tensor(name, shape)?;
        match self.method {
            Method::Full => self.variable(name.to_owned(), &value),
            Method::LowRank(_) => {
                self.parameters
                    .frozen
                    .insert(name.to_owned(), value.clone());
                Ok(value)
            }
        }
    }

    fn linear(&mut self, name: &str, inputs: usize, outputs: usize, bias: bool) -> Result<Linear> {
        let weight = self.tensor(&format!("{name}.weight"), &[outputs, inputs])?;
        let bias = self.bias(name, outputs, bias)?;
        let (dtype, device) = (weight.dtype(), weight.device().clone());
        let dense = Linear::Dense { weight, bias };
        let Method::LowRank(LowRank {
            rank,
            alpha,
            targets,
            seed,
        }) = self.method.clone()
        else {
            return Ok(dense);
        };
        if !targets
            .iter()
            .any(|target| name.rsplit('.').next() == Some(target))
        {
            return Ok(dense);
        }
        if rank == 0 || rank > inputs.min(outputs) {
            return Err(Error::config(
                "rank",
                format!("is {rank}, but {name} is {outputs} by {inputs}"),
            ));
        }
        // Uniform variance 1 / inputs keeps the size of what passes through.
        let mut random = Random::new(seed ^ (self.parameters.variables.len() as u64) << 32);
        #[expect(clippy::cast_precision_loss, reason = "widths are far below 2^52")]
        let (deviation, scale) = ((inputs as f64).sqrt().recip(), alpha / rank as f64);
        let values: Vec<f64> = (0..rank * inputs)
            .map(|_| random.normal() * deviation)
            .collect();
        let down = Tensor::from_vec(values, (rank, inputs), &device)?.to_dtype(dtype)?;
        let up = Tensor::zeros((outputs, rank), dtype, &device)?;
        let down = self.variable(format!("{name}.lora_A.weight"), &down)?;
        let up = self.variable(format!("{name}.lora_B.weight"), &up)?;
        self.parameters.adapted.insert(name.to_owned(), scale);
        Ok(Linear::LowRank {
            base: Box::new(dense),
            down,
            up,
            scale,
        })
    }
}

impl Parameters {
    /// How many numbers are trained.
    pub fn count(&self) -> usize {
        self.variables
            .values()
            .map(|variable| variable.elem_count())
            .sum()
    }

    /// The whole model's tensors by the names under which it asks for them, changes merged into what they change.
    pub fn merged(&self) -> Result<BTreeMap<String, Tensor>> {
        let mut tensors = self.frozen.clone();
        for (name, variable) in &self.variables {
            if !name.contains(".lora_") {
                tensors.insert(name.clone(), variable.as_detached_tensor());
            }
        }
        for (name, &scale) in &self.adapted {
            let part = |part: &str| {
                self.variables[&format!("{name}.lora_{part}.weight")].as_detached_tensor()
            };
            let weight = format!("{name}.weight");
            let base = tensors.get(&weight).ok_or_else(|| Error::MissingTensor {
                name: weight.clone(),
            })?;
            let merged = (base + (part("B").matmul(&part("A"))? * scale)?)?;
            tensors.insert(weight, merged);
        }
        Ok(tensors)
    }
}
