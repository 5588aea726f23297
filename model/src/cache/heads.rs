//! A cache whose heads each keep what a policy lets them.

use std::collections::HashMap;

use candle_core::Tensor;

use super::{
    Account, Attend, Cache, Footprint, Held, Policy,
    attention::{for_every_span, heads_first},
    contiguous::check_starts,
};
use crate::{
    Batch, DecoderConfig, Error, Result, Span, Taps, ops,
    taps::{Place, Point},
};

/// Keys and values a head, evicted after each pass by a policy, with exact accounting. For research: it is not fast.
///
/// Keys are kept as they were rotated and positions count all tokens seen, not the entries that are left. A pass that fails may
/// have evicted already; running it again is safe, but reads what is left.
pub struct Heads<P> {
    policy: P,
    layers: usize,
    /// Groups of query heads in a layer, one for each key-value head.
    groups: usize,
    lent: usize,
    sequences: HashMap<usize, Sequence>,
}

/// What is kept of one sequence.
struct Sequence {
    length: usize,
    /// By layer, then head.
    kept: Vec<Vec<Entries>>,
    account: Account,
    /// The account before the pass that is going on.
    before: Account,
}

/// What one head holds.
#[derive(Debug, Clone, Default)]
struct Entries {
    positions: Vec<usize>,
    /// Keys and values, `[entries, head_dim]`, once there were any.
    tensors: Option<(Tensor, Tensor)>,
}

impl<P: Policy> Heads<P> {
    /// An empty cache for a model of this shape.
    pub fn new(config: &DecoderConfig, policy: P) -> Self {
        Self {
            policy,
            layers: config.layers.len(),
            groups: config.key_value_heads,
            lent: 0,
            sequences: HashMap::new(),
        }
    }

    /// From the next pass on, the last `rows` rows of every span are lent: they attend and can be attended to, but are dropped and
    /// not counted afterwards, and the sequence goes on where they began. Chunked eviction lends every chunk the end of the prompt to
    /// see what the question will look for. 0 ends it.
    pub fn lend(&mut self, rows: usize) {
        self.lent = rows;
    }

    /// What a sequence's heads have held so far.
    pub fn account(&self, sequence: usize) -> Option<&Account> {
        self.sequences
            .get(&sequence)
            .map(|sequence| &sequence.account)
    }

    /// The positions that a head holds.
    pub fn positions(&self, sequence: usize, layer: usize, head: usize) -> &[usize] {
        let entries = self
            .sequences
            .get(&sequence)
            .and_then(|sequence| sequence.kept.get(layer)?.get(head));
        entries.map_or(&[], |entries| &entries.positions)
    }

    /// The policy.
    pub fn policy(&mut self) -> &mut P {
        &mut self.policy
    }

    fn attend_head(
        &mut self,
        call: &Attend<'_>,
        span: &Span,
        head: usize,
        parts: [&Tensor; 3],
    ) -> Result<[Tensor; 2]> {
        let [queries, keys, values] = parts;
        let sequence = self.sequences.get_mut(&span.sequence);
        let sequence = sequence
            .ok_or_else(|| Error::Batch(format!("sequence {} was not prepared", span.sequence)))?;
        let entries = &mut sequence.kept[call.layer][head];
        entries.truncate(span.start)?;
        let past = entries.positions.len();
        entries.append(span, keys, values)?;
        let lent = self.lent.min(span.rows.len() - 1);
        sequence.account.attend(past, span.rows.len() - lent);
        let (group, rows, head_dim) = queries.dims3()?;
        let (keys, values) = entries.tensors()?;
        let scores = queries
            .reshape((group * rows, head_dim))?
            .matmul(&keys.t()?)?;
        let scores = scores.reshape((group, rows, entries.positions.len()))?;
        let weights = match call.window {
            None => ops::causal_softmax(&scores, call.scale, past, None)?,
            Some(window) => {
                softmax_by_position(&scores, call.scale, &entries.positions, span.start, window)?
            }
        };
        let state = Held {
            layer: call.layer,
            head,
            positions: &entries.positions,
            past,
            lent,
            keys: &keys,
            values: &values,
            queries,
            scale: call.scale,
        };
        let kept = self.policy.keep(&state)?;
        let own = entries.positions.len() - lent;
        let kept = kept.unwrap_or_else(|| (0..own).collect());
        entries.keep(
            &kept
                .into_iter()
                .filter(|&index| index < own)
                .collect::<Vec<_>>(),
        )?;
        Ok([weights, values])
    }
}

impl<P: Policy> Cache for Heads<P> {
    fn prepare(&mut self, batch: &Batch) -> Result<()> {
        check_starts(batch, |sequence| self.length(sequence))?;
        let (layers, heads) = (self.layers, self.groups);
        for span in &batch.spans {
            if self.lent > 0 && span.rows.len() <= self.lent {
                let reason = format!(
                    "span of {} rows, of which {} are lent",
                    span.rows.len(),
                    self.lent
                );
                return Err(Error::Batch(format!(
                    "sequence {} has a {reason}",
                    span.sequence
                )));
            }
            let sequence = self
                .sequences
                .entry(span.sequence)
                .or_insert_with(|| Sequence {
                    length: 0,
                    kept: vec![vec![Entries::default(); heads]; layers],
                    account: Account::of_heads(layers * heads),
                    before: Account::of_heads(layers * heads),
                });
            sequence.account.abandon_pass(&sequence.before);
        }
        Ok(())
    }

    fn attend(&mut self, call: &Attend<'_>, taps: &mut dyn Taps) -> Result<Tensor> {
        let place = Place {
            layer: call.layer,
            point: Point::AttentionWeights,
        };
        for_every_span(call, |span| {
            let (query, key, value) = (
                heads_first(call.query, span)?,
                heads_first(call.key, span)?,
                heads_first(call.value, span)?,
            );
            let group = query.dim(0)? / self.groups;
            let mut outputs = Vec::with_capacity(self.groups);
            for head in 0..self.groups {
                let queries = query.narrow(0, head * group, group)?;
                let (keys, values) = (key.get(head)?.detach(), value.get(head)?.detach());
                let [mut weights, values] =
                    self.attend_head(call, span, head, [&queries, &keys, &values])?;
                // Heads hold different entries, so that each group is seen alone, in the order of the heads.
                if taps.wants(place) {
                    weights = taps.visit(place, span.rows.clone(), weights)?;
                }
                outputs.push(weights.broadcast_matmul(&values)?);
            }
            Ok(Tensor::cat(&outputs, 0)?.transpose(0, 1)?)
        })
    }

    fn advance(&mut self, batch: &Batch) -> Result<()> {
        for span in &batch.spans {
            let Some(sequence) = self.sequences.get_mut(&span.sequence) else {
                continue;
            };
            let rows = span.rows.len() - self.lent.min(span.rows.len() - 1);
            sequence.length = span.start + rows;
            sequence.account.finish_pass(rows);
            sequence.before = sequence.account.clone();
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
        let heads = self
            .sequences
            .values()
            .flat_map(|sequence| sequence.kept.iter().flatten());
        let mut footprint = Footprint::default();
        for entries in heads {
            footprint.entries += entries.positions.len() as u64;
            for kept in entries.tensors.iter().flat_map(|(key, value)| [key, value]) {
                footprint.bytes += (kept.elem_count() * kept.dtype().size_in_bytes()) as u64;
            }
        }
        footprint.reserved_bytes = footprint.bytes;
        footprint
    }
}

impl Entries {
    /// Gives up what is at or after a position.
    fn truncate(&mut self, end: usize) -> Result<()> {
        let left = self.positions.partition_point(|&position| position < end);
        if left < self.positions.len() {
            self.keep(&(0..left).collect::<Vec<_>>())?;
        }
        Ok(())
    }

    fn append(&mut self, span: &Span, keys: &Tensor, values: &Tensor) -> Result<()> {
        self.tensors = Some(match &self.tensors {
            None => (keys.clone(), values.clone()),
            Some((old_keys, old_values)) => (
                Tensor::cat(&[old_keys, keys], 0)?,
                Tensor::cat(&[old_values, values], 0)?,
            ),
        });
        self.positions.extend(span.start..span.end());
        Ok(())
    }

    /// Keeps the entries at these indices.
    fn keep(&mut self, indices: &[usize]) -> Result<()> {
        if indices.len() == self.positions.len() {
            return Ok(());
        }
        if indices.iter().any(|&index| index >= self.positions.len())
            || !indices.is_sorted_by(|a, b| a < b)
        {
            return Err(Error::Batch(
                "an eviction policy named entries that a head does not hold, or out of order"
                    .into(),
            ));
        }
        self.positions = indices.iter().map(|&index| self.positions[index]).collect();
        self.tensors = match self.tensors.take() {
            Some((keys, values)) if !indices.is_empty() => {
                let wanted = indices.iter().map(|&index| {
                    i64::try_from(index).expect("a head holds fewer than 2^63 entries")
                });
                let wanted = Tensor::from_iter(wanted, keys.device())?;
                Some((
                    keys.index_select(&wanted, 0)?,
                    values.index_select(&wanted, 0)?,
                ))
            }
            _ => None,
        };
        Ok(())
    }

    fn tensors(&self) -> Result<(Tensor, Tensor)> {
        self.tensors
            .clone()
            .ok_or_else(|| Error::Batch("a head attends to nothing".into()))
    }
}

/// The softmax where a row at position `first + i` sees the last `window` positions up to its own, whichever entries are left of them.
fn softmax_by_position(
    scores: &Tensor,
    scale: f64,
    positions: &[usize],
    first: usize,
    window: usize,
) -> Result<Tensor> {
    let rows = scores.dim(1)?;
    let hidden = (first..first + rows).flat_map(|row| {
        positions.iter().map(move |&key| {
            if key <= row && key + window > row {
                0f32
            } else {
                f32::NEG_INFINITY
            }
        })
    });
    let mask = Tensor::from_iter(hidden, scores.device())?.reshape((rows, positions.len()))?;
    ops::softmax(&(scores * scale)?.broadcast_add(&mask.to_dtype(scores.dtype())?)?)
}
