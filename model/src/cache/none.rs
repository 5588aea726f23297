//! No cache: every span is a whole document. What training and scoring use, with gradients.

use candle_core::Tensor;

use super::{
    Attend, Cache, Footprint,
    attention::{Stretch, attend_span, for_every_span, heads_first},
};
use crate::{Batch, Error, Result, Taps};

/// Keeps nothing. Spans start at position 0 and see only themselves.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCache;

impl Cache for NoCache {
    fn prepare(&mut self, batch: &Batch) -> Result<()> {
        match batch.spans.iter().find(|span| span.start != 0) {
            Some(span) => Err(Error::Batch(format!(
                "sequence {} goes on at position {}, but without a cache every sequence begins at 0",
                span.sequence, span.start
            ))),
            None => Ok(()),
        }
    }

    fn attend(&mut self, call: &Attend<'_>, taps: &mut dyn Taps) -> Result<Tensor> {
        for_every_span(call, |span| {
            let stretch = Stretch {
                key: heads_first(call.key, span)?,
                value: heads_first(call.value, span)?,
                first: 0,
            };
            attend_span(call, span, &stretch, taps)
        })
    }

    fn advance(&mut self, _: &Batch) -> Result<()> {
        Ok(())
    }

    fn length(&self, _: usize) -> usize {
        0
    }

    fn release(&mut self, _: usize) {}

    fn footprint(&self) -> Footprint {
        Footprint::default()
    }
}
