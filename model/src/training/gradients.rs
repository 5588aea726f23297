//! The gradients of one step: adding them up, measuring and clipping them.

use std::collections::BTreeMap;

use candle_core::{DType, Tensor, Var, backprop::GradStore};

use super::parameters::Parameters;
use crate::{Error, Result, ops};

/// Gradients by parameter. One that nothing has reached yet is absent.
#[derive(Debug, Clone, Default)]
pub struct Gradients(BTreeMap<String, Tensor>);

impl Gradients {
    /// Takes the parameters' gradients out of a backward pass and adds them.
    pub(super) fn add(&mut self, parameters: &Parameters, found: &mut GradStore) -> Result<()> {
        for (name, variable) in &parameters.variables {
            if let Some(gradient) = found.remove(variable) {
                self.add_one(name, &gradient)?;
            }
        }
        Ok(())
    }

    fn add_one(&mut self, name: &str, gradient: &Tensor) -> Result<()> {
        match self.0.get_mut(name) {
            Some(sum) => *sum = sum.add(gradient)?,
            None => {
                // Detached, lest sums keep the graphs of earlier batches alive.
                self.0.insert(name.to_owned(), gradient.detach());
            }
        }
        Ok(())
    }

    /// The gradient of a parameter.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.0.get(name)
    }

    /// The square root of the sum of the squares of all gradients, in double precision.
    pub fn norm(&self) -> Result<f64> {
        let mut sum = 0.0;
        for (name, gradient) in &self.0 {
            let square = ops::sum_of_squares(gradient)?;
            if !square.is_finite() {
                return Err(Error::NotFinite {
                    place: format!("the gradient of {name}"),
                    what: if square.is_nan() {
                        "NaN"
                    } else {
                        "an infinity"
                    },
                });
            }
            sum += square;
        }
        Ok(sum.sqrt())
    }
}

/// A variable's gradient in the optimiser's number format.
pub(super) fn single(gradient: &Tensor) -> Result<Tensor> {
    Ok(gradient.to_dtype(DType::F32)?)
}

/// A tensor's own variable, as the start of a backward pass of its own.
pub(super) fn leaf(x: &Tensor) -> Result<Var> {
    Ok(Var::from_tensor(&x.detach())?)
}
