//! The losses that keep routed experts in balance.

use candle_core::{D, DType, Tensor};
use serde::{Deserialize, Serialize};

use crate::{Result, ops};

/// How much the routers' losses count beside the cross-entropy; OLMoE uses 0.01 and 0.001 (arXiv 2409.02060, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RouterLosses {
    /// Of the load-balancing loss.
    pub balance: f64,
    /// Of the z-loss.
    pub z: f64,
}

impl Default for RouterLosses {
    fn default() -> Self {
        Self {
            balance: 0.01,
            z: 0.001,
        }
    }
}

/// `N Σ f[i] P[i]` over the `N` experts, with `f` the share of the assignments and `P` the mean probability (Fedus et al., arXiv
/// 2101.03961, equation 4): 1 when the load is even, `N / k` when always the same `k` experts are chosen.
///
/// The mean over layers of this is what megablocks trains with; transformers reports `k` times as much. `logits`: `[rows, experts]`.
pub fn load_balancing(logits: &Tensor, chosen: usize) -> Result<Tensor> {
    let (rows, experts) = logits.dims2()?;
    let probabilities = ops::softmax(&logits.to_dtype(ops::wide(logits.dtype()))?)?;
    let order = probabilities.detach().arg_sort_last_dim(false)?;
    let choice = order
        .narrow(1, 0, chosen)?
        .contiguous()?
        .to_dtype(DType::U32)?
        .flatten_all()?
        .to_vec1::<u32>()?;
    let mut counts = vec![0_u32; experts];
    for expert in choice {
        counts[expert as usize] += 1;
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "batches are far smaller than 2^52"
    )]
    let scale = experts as f64 / (rows * chosen) as f64;
    let shares: Vec<f64> = counts
        .into_iter()
        .map(|count| f64::from(count) * scale)
        .collect();
    let shares = Tensor::new(shares, logits.device())?.to_dtype(probabilities.dtype())?;
    Ok(probabilities.mean(0)?.mul(&shares)?.sum_all()?)
}

/// The mean over rows of `(logsumexp of the logits)²` (Zoph et al., arXiv 2202.08906, equation 5), which keeps logits small.
pub fn router_z(logits: &Tensor) -> Result<Tensor> {
    let logits = logits.to_dtype(ops::wide(logits.dtype()))?;
    let largest = logits.max_keepdim(D::Minus1)?.detach();
    let total = logits
        .broadcast_sub(&largest)?
        .exp()?
        .sum_keepdim(D::Minus1)?
        .log()?;
    Ok((total + largest)?.sqr()?.mean_all()?)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    fn value(tensor: &Tensor) -> f64 {
        tensor.to_dtype(DType::F64).unwrap().to_scalar().unwrap()
    }

    fn even() -> Tensor {
        // Row i prefers experts 2i and 2i + 1 of 8, so that each is chosen as often as the others.
        let rows = (0..4).flat_map(|row| {
            (0..8).map(move |expert| if expert / 2 == row { 1.0_f64 } else { 0.0 })
        });
        Tensor::from_iter(rows, &Device::Cpu)
            .unwrap()
            .reshape((4, 8))
            .unwrap()
    }

    #[test]
    fn the_balancing_loss_is_one_for_an_even_load_and_experts_by_chosen_for_a_collapsed_one() {
        assert!((value(&load_balancing(&even(), 2).unwrap()) - 1.0).abs() < 1e-12);
        let collapsed = Tensor::new(
            &[[90.0_f64, 90.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]; 5],
            &Device::Cpu,
        )
        .unwrap();
        assert!((value(&load_balancing(&collapsed, 2).unwrap()) - 4.0).abs() < 1e-12);
    }

    #[test]
    fn the_z_loss_of_logits_of_zero_is_the_square_of_the_logarithm_of_their_number() {
        let zeros = Tensor::zeros((3, 64), DType::F64, &Device::Cpu).unwrap();
        assert!((value(&router_z(&zeros).unwrap()) - 17.296_0).abs() < 1e-3);
    }
}
