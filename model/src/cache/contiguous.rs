//! One stretch of memory a sequence and layer, that grows by doubling.

use std::collections::HashMap;

use candle_core::Tensor;

use super::{
    Attend, Cache, Footprint,
    attention::{Stretch, attend_span, for_every_span, heads_first},
};
use crate::{Batch, DecoderConfig, Error, Result, Span, Taps};

/// Positions that a sequence's first stretch holds at least.
const SMALLEST: usize = 64;

/// Keeps every key and value of every sequence. The plain cache that others are compared with.
#[derive(Debug)]
pub struct Contiguous {
    layers: usize,
    context: usize,
    key_value_heads: usize,
    sequences: HashMap<usize, Sequence>,
}

/// Keys and values of one sequence.
#[derive(Debug)]
struct Sequence {
    length: usize,
    /// One entry a layer, `[key_value_heads, capacity, head_dim]`, once there was one.
    layers: Vec<Option<(Tensor, Tensor)>>,
}

impl Contiguous {
    /// An empty cache for a model of this shape.
    pub fn new(config: &DecoderConfig) -> Self {
        Self {
            layers: config.layers.len(),
            context: config.context,
            key_value_heads: config.key_value_heads,
            sequences: HashMap::new(),
        }
    }

    /// Writes the span's keys and values, and returns all that its rows may see.
    fn store(&mut self, call: &Attend<'_>, span: &Span) -> Result<Stretch> {
        let sequence = self
            .sequences
            .get_mut(&span.sequence)
            .ok_or_else(|| unprepared(span))?;
        let slot = &mut sequence.layers[call.layer];
        let key = grown(
            slot.as_ref().map(|kept| &kept.0),
            call.key,
            span,
            self.context,
        )?;
        let value = grown(
            slot.as_ref().map(|kept| &kept.1),
            call.value,
            span,
            self.context,
        )?;
        let first = call
            .window
            .map_or(0, |window| (span.start + 1).saturating_sub(window));
        let seen = |kept: &Tensor| kept.narrow(1, first, span.end() - first);
        let stretch = Stretch {
            key: seen(&key)?,
            value: seen(&value)?,
            first,
        };
        *slot = Some((key, value));
        Ok(stretch)
    }
}

impl Cache for Contiguous {
    fn prepare(&mut self, batch: &Batch) -> Result<()> {
        check_starts(batch, |sequence| self.length(sequence))?;
        for span in &batch.spans {
            let empty = || Sequence {
                length: 0,
                layers: vec![None; self.layers],
            };
            self.sequences.entry(span.sequence).or_insert_with(empty);
        }
        Ok(())
    }

    fn attend(&mut self, call: &Attend<'_>, taps: &mut dyn Taps) -> Result<Tensor> {
        for_every_span(call, |span| {
            let stretch = self.store(call, span)?;
            attend_span(call, span, &stretch, taps)
        })
    }

    fn advance(&mut self, batch: &Batch) -> Result<()> {
        for span in &batch.spans {
            let sequence = self
                .sequences
                .get_mut(&span.sequence)
                .ok_or_else(|| unprepared(span))?;
            sequence.length = span.end();
        }
        Ok(())
    }

    fn length(&self, sequence: usize) -> usize {
        self.sequences
            .get(&sequence)
            .map_or(0, |sequence| sequence.length)
    }

    fn release(&mut self, sequence: usize) {
        self.sequences.remove(&sequence);
    }

    fn footprint(&self) -> Footprint {
        let mut footprint = Footprint::default();
        for sequence in self.sequences.values() {
            for (key, value) in sequence.layers.iter().flatten() {
                let capacity = key.dims()[1];
                let bytes =
                    [key, value].map(|kept| kept.elem_count() * kept.dtype().size_in_bytes());
                footprint.entries += (sequence.length * self.key_value_heads) as u64;
                footprint.bytes += bytes
                    .map(|bytes| (bytes / capacity * sequence.length) as u64)
                    .iter()
                    .sum::<u64>();
                footprint.reserved_bytes += bytes.map(|bytes| bytes as u64).iter().sum::<u64>();
            }
        }
        footprint
    }
}

/// The kept tensor, larger if need be, with the span's rows written into it.
fn grown(kept: Option<&Tensor>, added: &Tensor, span: &Span, context: usize) -> Result<Tensor> {
    let added = heads_first(added, span)?.detach();
    let (heads, _, head_dim) = added.dims3()?;
    let capacity = kept.map_or(Ok(0), |kept| kept.dim(1))?;
    let room = match kept {
        Some(kept) if span.end() <= capacity => kept.clone(),
        _ => {
            let larger = (2 * capacity).max(SMALLEST).min(context).max(span.end());
            let room = Tensor::zeros((heads, larger, head_dim), added.dtype(), added.device())?;
            if let Some(kept) = kept.filter(|_| span.start > 0) {
                room.slice_set(&kept.narrow(1, 0, span.start)?.contiguous()?, 1, 0)?;
            }
            room
        }
    };
    room.slice_set(&added, 1, span.start)?;
    Ok(room)
}

/// Refuses spans that begin beyond the end of their sequence: the positions between would be unknown.
pub(super) fn check_starts(batch: &Batch, length: impl Fn(usize) -> usize) -> Result<()> {
    match batch
        .spans
        .iter()
        .find(|span| span.start > length(span.sequence))
    {
        None => Ok(()),
        Some(span) => Err(Error::Batch(format!(
            "sequence {} goes on at position {}, but the cache holds only {} positions of it",
            span.sequence,
            span.start,
            length(span.sequence)
        ))),
    }
}

fn unprepared(span: &Span) -> Error {
    Error::Batch(format!(
        "sequence {} was not prepared in the cache",
        span.sequence
    ))
}
