//! Attention by the kernels of the CPU, straight from where keys and values lie.

use candle_core::{DType, Device, Storage, Tensor};

use super::Attend;
use crate::{
    Result, Taps,
    kernels::attention::{Heads, KeyValues, Queries, attention},
    ops::with_floats,
    taps::{Place, Point},
};

/// Whether the kernels can do a call: single precision on the CPU, and nobody looks at the attention weights.
pub(super) fn applies(call: &Attend<'_>, taps: &dyn Taps) -> bool {
    let place = Place {
        layer: call.layer,
        point: Point::AttentionWeights,
    };
    call.query.dtype() == DType::F32
        && matches!(call.query.device(), Device::Cpu)
        && !taps.wants(place)
}

/// One span's keys and values: `[key_value_heads, positions, head_dim]` both, of one layout.
pub(super) struct Memory {
    pub(super) key: Tensor,
    pub(super) value: Tensor,
    /// The first position of every block, as a row of the tensors.
    pub(super) starts: Vec<usize>,
    /// Positions in a block.
    pub(super) block_length: usize,
}

/// What the queries of every span read from its memory: `[rows, heads, head_dim]`.
///
/// The tensors of all memories have to be contiguous.
pub(super) fn attend(call: &Attend<'_>, memories: &[Memory]) -> Result<Tensor> {
    let (rows, heads, head_dim) = call.query.dims3()?;
    let sizes = Heads {
        queries: heads,
        keys: call.key.dim(1)?,
        size: head_dim,
    };
    let stored: Vec<_> = memories
        .iter()
        .map(|memory| {
            let starts: Vec<usize> = memory.starts.iter().map(|start| start * head_dim).collect();
            let (key, value) = (
                memory.key.storage_and_layout().0,
                memory.value.storage_and_layout().0,
            );
            (key, value, starts)
        })
        .collect();
    let spans = call.batch.spans.iter().zip(memories).zip(&stored);
    let sequences = spans.map(|((span, memory), (key, value, starts))| {
        Ok(Queries {
            rows: span.rows.clone(),
            start: span.start,
            memory: KeyValues {
                keys: floats(key)?,
                values: floats(value)?,
                starts,
                rows_of_block: memory.block_length,
                row_stride: head_dim,
                head_stride: memory.key.dim(1)? * head_dim,
            },
        })
    });
    let sequences = sequences.collect::<Result<Vec<_>>>()?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the scale of single-precision scores"
    )]
    let scale = call.scale as f32;
    let mut output = vec![0f32; rows * heads * head_dim];
    with_floats(call.query, |query| {
        Ok(attention(
            query,
            sizes,
            scale,
            call.window,
            &sequences,
            &mut output,
        )?)
    })?;
    Ok(Tensor::from_vec(
        output,
        (rows, heads, head_dim),
        call.query.device(),
    )?)
}

/// The numbers of a tensor on the CPU.
fn floats(storage: &Storage) -> Result<&[f32]> {
    match storage {
        Storage::Cpu(storage) => Ok(storage.as_slice()?),
        _ => Err(candle_core::Error::Msg("keys and values are not on the CPU".into()).into()),
    }
}
