//! Attention for all sequences at once, in tensor operations.

use candle_core::Tensor;

use super::Paged;
use crate::cache::Attend;
use crate::cache::batched::{Plan, Pool};
use crate::taps::{Place, Point};
use crate::{Error, Result, Span, Taps};

impl Paged {
    /// Whether a call is for [`Plan`]: always away from the CPU, unless somebody looks at the attention weights.
    pub(super) fn batches(&self, call: &Attend<'_>, taps: &dyn Taps) -> bool {
        let place = Place {
            layer: call.layer,
            point: Point::AttentionWeights,
        };
        (self.only_tensors || !call.query.device().is_cpu()) && !taps.wants(place)
    }

    pub(super) fn attend_batched(&mut self, call: &Attend<'_>) -> Result<Tensor> {
        let (keys, values) = self.layers[call.layer].clone();
        let mut plan = match self.plan.take() {
            Some(plan) => plan,
            None => Plan::new(call.batch, &keys, |span| self.slots(span))?,
        };
        let pool = Pool {
            keys: &keys,
            values: &values,
        };
        let read = plan.attend(call, &pool)?;
        self.plan = Some(plan);
        Ok(read)
    }

    /// Where the positions of a span's sequence lie, up to the span's end.
    fn slots(&self, span: &Span) -> Result<Vec<u32>> {
        let slots = self.blocks(span.sequence).iter().flat_map(|block| {
            let start = block.index() * self.block_length;
            start..start + self.block_length
        });
        let slots: Vec<u32> = slots
            .take(span.end())
            .map(|slot| u32::try_from(slot).expect("pools have fewer than 2^32 positions"))
            .collect();
        if slots.len() < span.end() {
            let sequence = span.sequence;
            let reason = format!("sequence {sequence} was not prepared in the cache");
            return Err(Error::Batch(reason));
        }
        Ok(slots)
    }
}
