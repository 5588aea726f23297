//! The loss of next tokens.

use candle_core::{D, DType, Tensor};

use super::{fused, wide};
use crate::{Error, Result};

/// `Σ weight[i] * -ln softmax(logits[i])[target[i]]`, one number; divide by the sum of the weights for the mean.
///
/// `logits`: `[rows, vocabulary]`. A row of weight zero contributes nothing, whatever its logits are.
pub fn cross_entropy(logits: &Tensor, targets: &[u32], weights: &[f32]) -> Result<Tensor> {
    let (rows, vocabulary) = logits.dims2()?;
    if rows != targets.len() || rows != weights.len() {
        let reason = format!(
            "{rows} rows have {} targets and {} weights",
            targets.len(),
            weights.len()
        );
        return Err(Error::Batch(reason));
    }
    if let Some(target) = targets
        .iter()
        .find(|&&target| target as usize >= vocabulary)
    {
        return Err(Error::Batch(format!(
            "the target {target} is outside of the vocabulary of {vocabulary}"
        )));
    }
    let logits = logits.to_dtype(wide(logits.dtype()))?;
    if fused::takes(&[&logits]) {
        return Ok(fused::cross_entropy(
            &logits,
            targets.to_vec(),
            weights.to_vec(),
        )?);
    }
    let largest = logits.max_keepdim(D::Minus1)?.detach();
    let shifted = logits.broadcast_sub(&largest)?;
    let total = shifted.exp()?.sum_keepdim(D::Minus1)?.log()?;
    let targets = Tensor::new(targets, logits.device())?.unsqueeze(1)?;
    let losses = (total - shifted.gather(&targets, 1)?)?.squeeze(1)?;
    let weights = Tensor::new(weights, logits.device())?.to_dtype(losses.dtype())?;
    // A product would let the NaN of an unused row through.
    let used = weights.ne(0.0)?.to_dtype(DType::U8)?;
    let losses = used.where_cond(&losses, &losses.zeros_like()?)?;
    Ok(losses.mul(&weights)?.sum_all()?)
}
