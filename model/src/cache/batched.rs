//! Attention over a pool of blocks in a few tensor operations for all sequences at once: what devices other than the CPU run.
//!
//! On a GPU every operation is a launch of some microseconds, so operations must not be counted by sequence. Spans with as many rows as
//! each other (all that decode) are one group: their keys and values are gathered into `[key_value_heads, spans, keys, head_dim]`,
//! padded to the longest of the group, and two matrix products and a softmax under a mask do the rest. What is the same in all layers,
//! where rows are written, where keys lie, and masks, is made once a pass.
//!
//! Gathering reads and writes the memory that attention reads once more: a decoding step moves three times the bytes of its keys and
//! values. On GPUs a kernel of our own (`gpu/decode_attention.cu`) follows the slots instead where one row a sequence decodes.

use std::collections::{BTreeMap, HashMap};

use candle_core::{D, DType, Device, Tensor};

use super::Attend;
#[cfg(feature = "cuda")]
use crate::gpu;
use crate::{Batch, Error, Result, Span, ops};

/// Where the rows of a batch are written and what they read, on the device.
#[derive(Debug)]
pub(super) struct Plan {
    /// The slot of every row, repeated for each head and dimension: `[key_value_heads, rows, head_dim]`.
    written: Tensor,
    groups: Vec<Group>,
    /// The row of the groups' results, laid one after the other, that belongs to each row of the batch; `None` for the same order.
    order: Option<Tensor>,
}

/// Spans of equally many rows.
#[derive(Debug)]
struct Group {
    spans: usize,
    rows: usize,
    /// The most positions that a span of the group sees.
    keys: usize,
    /// The rows of the batch that are the group's; `None` for all.
    members: Option<Tensor>,
    /// The slots of the keys, `[spans * keys]`.
    slots: Tensor,
    /// How many keys each span has, `[spans]`.
    #[cfg(feature = "cuda")]
    lengths: Tensor,
    /// The positions of each span's first rows.
    starts: Vec<usize>,
    /// `[spans, 1, rows, keys]`: 0 where a row sees a key and minus infinity elsewhere, for each window that layers have.
    masks: HashMap<Option<usize>, Tensor>,
}

/// The pool's keys or values of one layer: `[key_value_heads, slots, head_dim]`.
pub(super) struct Pool<'a> {
    pub(super) keys: &'a Tensor,
    pub(super) values: &'a Tensor,
}

impl Plan {
    /// `slots` are those of a span's positions from 0 up to its end, in order.
    pub(super) fn new(
        batch: &Batch,
        pool: &Tensor,
        slots: impl Fn(&Span) -> Result<Vec<u32>>,
    ) -> Result<Self> {
        let device = pool.device();
        let (heads, _, head_dim) = pool.dims3()?;
        let slots: Vec<Vec<u32>> = batch.spans.iter().map(slots).collect::<Result<_>>()?;
        let written: Vec<u32> = batch
            .spans
            .iter()
            .zip(&slots)
            .flat_map(|(span, slots)| slots[span.start..span.end()].iter().copied())
            .collect();
        let rows = written.len();
        let written = Tensor::from_vec(written, (1, rows, 1), device)?
            .broadcast_as((heads, rows, head_dim))?
            .contiguous()?;
        let mut alike: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, span) in batch.spans.iter().enumerate() {
            alike.entry(span.rows.len()).or_default().push(index);
        }
        let whole = alike.len() == 1;
        let mut laid = Vec::with_capacity(rows);
        let mut groups = Vec::new();
        for (rows, members) in alike {
            let spans: Vec<(&Span, &[u32])> = members
                .iter()
                .map(|&index| (&batch.spans[index], slots[index].as_slice()))
                .collect();
            groups.push(Group::new(rows, &spans, whole, device)?);
            laid.extend(spans.iter().flat_map(|(span, _)| span.rows.clone()));
        }
        let order = if whole {
            None
        } else {
            let mut order = vec![0; laid.len()];
            for (place, &row) in (0u32..).zip(&laid) {
                order[row] = place;
            }
            Some(Tensor::new(order, device)?)
        };
        Ok(Self {
            written,
            groups,
            order,
        })
    }

    /// Keeps the batch's keys and values in the pool and returns what its queries read: `[rows, heads, head_dim]`.
    pub(super) fn attend(&mut self, call: &Attend<'_>, pool: &Pool<'_>) -> Result<Tensor> {
        for (kept, added) in [(pool.keys, call.key), (pool.values, call.value)] {
            let added = added.detach().transpose(0, 1)?.contiguous()?;
            kept.scatter_set(&self.written, &added, 1)?;
        }
        let read = self
            .groups
            .iter_mut()
            .map(|group| group.attend(call, pool))
            .collect::<Result<Vec<_>>>()?;
        let read = match read.as_slice() {
            [only] => only.clone(),
            many => Tensor::cat(many, 0)?,
        };
        Ok(match &self.order {
            Some(order) => read.index_select(order, 0)?,
            None => read,
        })
    }
}

impl Group {
    fn new(rows: usize, spans: &[(&Span, &[u32])], whole: bool, device: &Device) -> Result<Self> {
        let keys = spans.iter().map(|(_, slots)| slots.len()).max();
        let keys = keys.ok_or_else(|| Error::Batch("a group without spans".into()))?;
        let mut padded = Vec::with_capacity(spans.len() * keys);
        for (_, slots) in spans {
            padded.extend_from_slice(slots);
            // Padding reads the sequence's own first position: whatever is in other blocks, not a number it may be, stays out.
            padded.extend(std::iter::repeat_n(slots[0], keys - slots.len()));
        }
        let members = if whole {
            None
        } else {
            let members = spans.iter().flat_map(|(span, _)| span.rows.clone());
            let members = members.map(|row| u32::try_from(row).unwrap_or(u32::MAX));
            Some(Tensor::from_iter(members, device)?)
        };
        Ok(Self {
            spans: spans.len(),
            rows,
            keys,
            members,
            slots: Tensor::new(padded, device)?,
            #[cfg(feature = "cuda")]
            lengths: {
                let lengths = spans.iter().map(|(_, slots)| slots.len());
                let lengths = lengths.map(|length| u32::try_from(length).unwrap_or(u32::MAX));
                Tensor::from_iter(lengths, device)?
            },
            starts: spans.iter().map(|(span, _)| span.start).collect(),
            masks: HashMap::new(),
        })
    }

    /// The kernel of GPUs that follows the slots, for groups of one row a span; `None` where it does not take these tensors.
    #[cfg(feature = "cuda")]
    fn attend_in_place(
        &self,
        query: &Tensor,
        call: &Attend<'_>,
        pool: &Pool<'_>,
    ) -> Result<Option<Tensor>> {
        if self.rows > 1 || !query.device().is_cuda() {
            return Ok(None);
        }
        let rows = gpu::Rows {
            slots: self.slots.reshape((self.spans, self.keys))?,
            lengths: self.lengths.clone(),
            window: call.window,
            scale: call.scale,
        };
        Ok(gpu::decode_attention(query, pool.keys, pool.values, &rows)?)
    }

    /// What the group's rows read, span after span: `[spans * rows, heads, head_dim]`.
    fn attend(&mut self, call: &Attend<'_>, pool: &Pool<'_>) -> Result<Tensor> {
        let (spans, rows, keys) = (self.spans, self.rows, self.keys);
        let (_, heads, head_dim) = call.query.dims3()?;
        let key_value_heads = call.key.dim(1)?;
        let group = heads / key_value_heads;
        let query = match &self.members {
            Some(members) => call.query.index_select(members, 0)?,
            None => call.query.clone(),
        };
        #[cfg(feature = "cuda")]
        if let Some(read) = self.attend_in_place(&query, call, pool)? {
            return Ok(read);
        }
        // Heads that share keys are rows of one product with them.
        let query = query
            .reshape((spans, rows, key_value_heads, group, head_dim))?
            .permute((2, 0, 3, 1, 4))?
            .contiguous()?
            .reshape((key_value_heads * spans, group * rows, head_dim))?;
        let slots = self.slots.clone();
        let gather = |kept: &Tensor| {
            kept.index_select(&slots, 1)?
                .reshape((key_value_heads * spans, keys, head_dim))
        };
        let scores = (query.matmul(&gather(pool.keys)?.t()?)? * call.scale)?;
        let scores = scores
            .reshape((key_value_heads, spans, group, rows, keys))?
            .to_dtype(ops::wide(scores.dtype()))?;
        let mask = self.mask(call.window, scores.dtype(), scores.device())?;
        let weights = ops::softmax(&scores.broadcast_add(&mask)?)?.to_dtype(query.dtype())?;
        let weights = weights.reshape((key_value_heads * spans, group * rows, keys))?;
        let read = weights.matmul(&gather(pool.values)?)?;
        debug_assert_eq!(read.dim(D::Minus1)?, head_dim, "values are as wide as keys");
        Ok(read
            .reshape((key_value_heads, spans, group, rows, head_dim))?
            .permute((1, 3, 0, 2, 4))?
            .contiguous()?
            .reshape((spans * rows, heads, head_dim))?)
    }

    fn mask(&mut self, window: Option<usize>, dtype: DType, device: &Device) -> Result<Tensor> {
        if let Some(mask) = self.masks.get(&window) {
            return Ok(mask.clone());
        }
        let (rows, keys) = (self.rows, self.keys);
        let hidden = self.starts.iter().flat_map(|&start| {
            (start..start + rows).flat_map(move |position| {
                (0..keys).map(move |key| {
                    let seen =
                        key <= position && window.is_none_or(|window| key + window > position);
                    if seen { 0f32 } else { f32::NEG_INFINITY }
                })
            })
        });
        let mask = Tensor::from_iter(hidden, &Device::Cpu)?
            .reshape((self.spans, 1, rows, keys))?
            .to_dtype(dtype)?
            .to_device(device)?;
        self.masks.insert(window, mask.clone());
        Ok(mask)
    }
}
