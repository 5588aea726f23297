//! Whether weights are numbers.

use candle_core::{DType, Device, Tensor};

use crate::{Error, Result};

/// Refuses a tensor that holds NaN or infinities: the logits of all sequences would.
pub(crate) fn finite(name: &str, tensor: &Tensor) -> Result<()> {
    let found = match tensor.dtype() {
        DType::F32 if matches!(tensor.device(), Device::Cpu) => {
            let flat = tensor.flatten_all()?.to_vec1::<f32>()?;
            flat.into_iter()
                .find(|number| !number.is_finite())
                .map(f64::from)
        }
        _ => {
            // A sum is not finite as soon as one number is not; in double precision it does not overflow.
            let sum = tensor
                .to_dtype(DType::F64)?
                .abs()?
                .sum_all()?
                .to_scalar::<f64>()?;
            (!sum.is_finite()).then_some(sum)
        }
    };
    match found {
        None => Ok(()),
        Some(number) => Err(Error::NotFinite {
            place: format!("the tensor `{name}`"),
            what: if number.is_nan() {
                "NaN"
            } else {
                "an infinity"
            },
        }),
    }
}
