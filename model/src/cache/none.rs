//! No cache: every span is a whole document. What training and scoring use, with gradients.

use candle_core::Tensor;

use super::{
    Attend, Cache, Footprint,
    attention::{Stretch, attend_span, for_every_span, heads_first},
};
use crate::{
    Batch, Error, Result, Taps, ops,
    taps::{Place, Point},
};

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
        let place = Place {
            layer: call.layer,
            point: Point::AttentionWeights,
        };
        // The fused operation never holds the weights that a tap would look at.
        if !taps.wants(place) {
            let spans = call
                .batch
                .spans
                .iter()
                .map(|span| span.rows.clone())
                .collect();
            let (query, key, value) = (call.query, call.key, call.value);
            if let Some(read) = ops::attention(query, key, value, spans, call.scale, call.window)? {
                return Ok(read);
            }
        }
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
