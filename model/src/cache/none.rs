//! No cache: every span is a whole document. What training and scoring use, with gradients.

use candle_core::Tensor;

use super::{Attend, Cache, Footprint};
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
        if !taps.wants(place) {
            let spans = call
                .batch
                .spans
                .iter()
                .map(|span| span.rows.clone())
                .collect();
            let read = ops::attention(
                call.query,
                call.key,
                call.value,
                spans,
                call.scale,
                call.window,
            )?;
            if let Some(read) = read {
                return Ok(read);
            }
        }
        let mut outputs = Vec::with_capacity(call.batch.spans.len());
        for span in &call.batch.spans {
            let (first, rows) = (span.rows.start, span.rows.len());
            let part = |x: &Tensor| x.narrow(0, first, rows)?.transpose(0, 1)?.contiguous();
            let (query, key, value) = (part(call.query)?, part(call.key)?, part(call.value)?);
            let group = query.dim(0)? / key.dim(0)?;
            let (key, value) = (
                ops::repeat_heads(&key, group)?,
                ops::repeat_heads(&value, group)?,
            );
            let scores = query.matmul(&key.t()?)?;
            let mut weights = ops::causal_softmax(&scores, call.scale, 0, call.window)?;
            if taps.wants(place) {
                weights = taps.visit(place, span.rows.clone(), weights)?;
            }
            outputs.push(weights.matmul(&value)?.transpose(0, 1)?);
        }
        Ok(Tensor::cat(&outputs, 0)?.contiguous()?)
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
