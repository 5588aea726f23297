//! Routed experts (mixture of experts), without dropping tokens.

use candle_core::{DType, Tensor};

use super::{Linear, Mlp};
use crate::{
    Error, Result, Taps, Weights,
    config::MlpConfig,
    ops,
    taps::{Place, Point, show},
};

/// A router and its experts: `Σ over the chosen i of softmax(router(x))[i] * expert[i](x)`.
///
/// The softmax is over all experts, and the weights of the chosen ones are renormalised only if the configuration says so; OLMoE
/// (Muennighoff et al., arXiv 2409.02060, section 2) does not.
#[derive(Debug, Clone)]
pub struct Experts {
    /// Scores of the experts: `[experts, hidden]`.
    pub router: Linear,
    /// The experts, gated MLPs all.
    pub experts: Vec<Mlp>,
    chosen: usize,
    renormalize: bool,
    layer: usize,
}

impl Experts {
    /// The experts of a layer, from the tensors under `name`.
    pub fn new(
        config: &MlpConfig,
        hidden: usize,
        layer: usize,
        name: &str,
        weights: &mut dyn Weights,
    ) -> Result<Self> {
        let MlpConfig::Routed {
            experts,
            chosen,
            width,
            activation,
            renormalize,
        } = *config
        else {
            return Err(Error::config("mlp", "is not a routed one"));
        };
        let router = weights.linear(&format!("{name}.gate"), hidden, experts, false)?;
        let gated = MlpConfig::Gated {
            width,
            activation,
            bias: false,
        };
        let experts = (0..experts)
            .map(|expert| {
                Mlp::new(
                    &gated,
                    hidden,
                    layer,
                    &format!("{name}.experts.{expert}"),
                    weights,
                )
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            router,
            experts,
            chosen,
            renormalize,
            layer,
        })
    }

    /// `[rows, hidden]` to `[rows, hidden]`.
    pub fn forward(&self, x: &Tensor, taps: &mut dyn Taps) -> Result<Tensor> {
        let rows = x.dim(0)?;
        let logits = self.router.forward(x)?;
        let place = Place {
            layer: self.layer,
            point: Point::RouterLogits,
        };
        let logits = show(taps, place, rows, logits)?;
        let probabilities = ops::softmax(&logits.to_dtype(ops::wide(logits.dtype()))?)?;
        let order = probabilities.detach().arg_sort_last_dim(false)?;
        let choice = order.narrow(1, 0, self.chosen)?.contiguous()?;
        let mut shares = probabilities.gather(&choice, 1)?;
        if self.renormalize {
            shares = shares.broadcast_div(&shares.sum_keepdim(1)?)?;
        }
        let shares = shares.to_dtype(x.dtype())?.flatten_all()?;
        let mut output = x.zeros_like()?;
        for (expert, slots) in self.experts.iter().zip(self.slots_by_expert(&choice)?) {
            if slots.is_empty() {
                continue;
            }
            let rows: Vec<u32> = slots.iter().map(|slot| slot / self.width()).collect();
            let (rows, slots) = (
                Tensor::new(rows, x.device())?,
                Tensor::new(slots, x.device())?,
            );
            let result = expert.forward(&x.index_select(&rows, 0)?, &mut ())?;
            let share = shares.index_select(&slots, 0)?.unsqueeze(1)?;
            output = output.index_add(&rows, &result.broadcast_mul(&share)?, 0)?;
        }
        Ok(output)
    }

    /// For every expert the indices into `choice`, flattened, at which it was chosen.
    fn slots_by_expert(&self, choice: &Tensor) -> Result<Vec<Vec<u32>>> {
        let choice = choice
            .to_dtype(DType::U32)?
            .flatten_all()?
            .to_vec1::<u32>()?;
        let mut slots = vec![Vec::new(); self.experts.len()];
        for (slot, expert) in (0u32..).zip(choice) {
            slots[expert as usize].push(slot);
        }
        Ok(slots)
    }

    fn width(&self) -> u32 {
        u32::try_from(self.chosen)
            .expect("configurations name fewer than 2^32 experts: they are checked when read")
    }
}
