//! `AdamW` (Loshchilov and Hutter, arXiv 1711.05101), as `PyTorch` computes it.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::gradients::{Gradients, single};
use super::in_place::{Apply, Moment};
use super::parameters::Parameters;
use crate::{Error, Result};

/// The settings of `AdamW` but for the learning rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AdamW {
    /// How much of the mean gradient stays.
    pub beta1: f64,
    /// How much of the mean square stays.
    pub beta2: f64,
    /// Added to the root of the mean square.
    pub epsilon: f64,
    /// What a step takes away from a matrix, as a share of the learning rate. Norms and biases do not decay.
    pub weight_decay: f64,
}

impl Default for AdamW {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.95,
            epsilon: 1e-8,
            weight_decay: 0.1,
        }
    }
}

/// `AdamW` with its moments, which are kept in single precision.
#[derive(Debug)]
pub struct Optimizer {
    settings: AdamW,
    steps: u64,
    states: BTreeMap<String, State>,
}

/// The moments of one parameter.
#[derive(Debug)]
struct State {
    first: Tensor,
    second: Tensor,
    /// The parameter in single precision, where the model computes in less: small updates would be lost in its few digits.
    master: Option<Tensor>,
}

/// What one step multiplies with.
#[derive(Debug, Clone, Copy)]
struct Factors {
    clip: f64,
    rate: f64,
    keep: f64,
    corrections: [f64; 2],
    settings: AdamW,
}

impl Optimizer {
    /// An optimiser that has done no step.
    pub fn new(settings: AdamW) -> Result<Self> {
        let AdamW {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        } = settings;
        let sound = (0.0..1.0).contains(&beta1)
            && (0.0..1.0).contains(&beta2)
            && epsilon > 0.0
            && weight_decay >= 0.0;
        if !sound {
            return Err(Error::config(
                "optimizer",
                "needs betas from 0 to below 1, a positive epsilon and a decay of 0 or more",
            ));
        }
        Ok(Self {
            settings,
            steps: 0,
            states: BTreeMap::new(),
        })
    }

    /// One step. Gradients are multiplied with `clip` first. A parameter that nothing reached (an expert that no token chose) has
    /// the gradient zero: its moments fade and its weights decay, as where all experts are one tensor.
    pub fn step(
        &mut self,
        parameters: &Parameters,
        gradients: &Gradients,
        rate: f64,
        clip: f64,
    ) -> Result<()> {
        self.steps += 1;
        let steps = i32::try_from(self.steps).unwrap_or(i32::MAX);
        for (name, variable) in &parameters.variables {
            let gradient = match gradients.get(name) {
                Some(gradient) => gradient.clone(),
                None => variable.zeros_like()?,
            };
            let decay = if variable.rank() >= 2 {
                self.settings.weight_decay
            } else {
                0.0
            };
            let factors = Factors {
                clip,
                rate,
                keep: 1.0 - rate * decay,
                corrections: [
                    1.0 - self.settings.beta1.powi(steps),
                    1.0 - self.settings.beta2.powi(steps),
                ],
                settings: self.settings,
            };
            if !self.states.contains_key(name) {
                self.states.insert(name.clone(), State::new(variable)?);
            }
            let state = self.states.get_mut(name).expect("it was just inserted");
            state.update(variable, &gradient, factors)?;
        }
        Ok(())
    }

    /// The moments as tensors, for a checkpoint.
    pub(super) fn tensors(&self) -> Vec<(String, Tensor)> {
        let of = |(name, state): (&String, &State)| {
            let mut tensors = vec![
                (format!("{name}:first"), state.first.clone()),
                (format!("{name}:second"), state.second.clone()),
            ];
            tensors.extend(
                state
                    .master
                    .clone()
                    .map(|master| (format!("{name}:master"), master)),
            );
            tensors
        };
        self.states.iter().flat_map(of).collect()
    }

    /// How many steps were done.
    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    /// Takes the state of a checkpoint.
    pub(super) fn restore(
        &mut self,
        steps: u64,
        parameters: &Parameters,
        tensors: &std::collections::HashMap<String, Tensor>,
    ) -> Result<()> {
        self.steps = steps;
        self.states.clear();
        for (name, variable) in &parameters.variables {
            let get = |part: &str| {
                tensors
                    .get(&format!("{name}:{part}"))
                    .map(|tensor| tensor.to_device(variable.device()))
                    .transpose()
            };
            // A parameter that had no gradient yet has no moments.
            if let (Some(first), Some(second)) = (get("first")?, get("second")?) {
                for tensor in [&first, &second] {
                    if tensor.dims() != variable.dims() {
                        return Err(Error::Shape {
                            name: name.clone(),
                            expected: variable.dims().to_vec(),
                            found: tensor.dims().to_vec(),
                        });
                    }
                }
                self.states.insert(
                    name.clone(),
                    State {
                        first,
                        second,
                        master: get("master")?,
                    },
                );
            }
        }
        Ok(())
    }
}

impl State {
    fn new(variable: &Var) -> Result<Self> {
        let zeros = || Tensor::zeros(variable.shape(), DType::F32, variable.device());
        let half = !matches!(variable.dtype(), DType::F32 | DType::F64);
        let master = if half {
            Some(variable.as_detached_tensor().to_dtype(DType::F32)?)
        } else {
            None
        };
        Ok(Self {
            first: zeros()?,
            second: zeros()?,
            master,
        })
    }

    fn update(&mut self, variable: &Var, gradient: &Tensor, factors: Factors) -> Result<()> {
        let in_place = matches!(variable.device(), Device::Cpu) && variable.dtype() == DType::F32;
        if in_place {
            let gradient = gradient.contiguous()?;
            let square = Moment {
                beta: factors.settings.beta2,
                clip: factors.clip,
                square: true,
            };
            let mean = Moment {
                beta: factors.settings.beta1,
                clip: factors.clip,
                square: false,
            };
            self.first.inplace_op2(&gradient, &mean)?;
            self.second.inplace_op2(&gradient, &square)?;
            let apply = Apply {
                keep: factors.keep,
                rate: factors.rate,
                corrections: factors.corrections,
                epsilon: factors.settings.epsilon,
            };
            variable.inplace_op3(&self.first, &self.second, &apply)?;
            return Ok(());
        }
        let AdamW {
            beta1,
            beta2,
            epsilon,
            ..
        } = factors.settings;
        let gradient = (single(gradient)? * factors.clip)?;
        self.first = ((&self.first * beta1)? + (&gradient * (1.0 - beta1))?)?;
        self.second = ((&self.second * beta2)? + (gradient.sqr()? * (1.0 - beta2))?)?;
        let root = ((&self.second / factors.corrections[1])?.sqrt()? + epsilon)?;
        let change = ((&self.first / factors.corrections[0])?.div(&root)? * factors.rate)?;
        if let Some(master) = &mut self.master {
            *master = ((&*master * factors.keep)? - change)?;
            variable.set(&master.to_dtype(variable.dtype())?)?;
        } else {
            let change = change.to_dtype(variable.dtype())?;
            variable.set(&((variable.as_detached_tensor() * factors.keep)? - change)?)?;
        }
        Ok(())
    }
}
