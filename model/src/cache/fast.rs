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
    let key_value_heads = call.key.dim(1)?;
    let mut output = vec![0f32; rows * heads * head_dim];
    for (span, memory) in call.batch.spans.iter().zip(memories) {
        let (key, _) = memory.key.storage_and_layout();
        let (value, _) = memory.value.storage_and_layout();
        let (Storage::Cpu(key), Storage::Cpu(value)) = (&*key, &*value) else {
            return Err(
                candle_core::Error::Msg("keys and values are not on the CPU".into()).into(),
            );
        };
        let starts: Vec<usize> = memory.starts.iter().map(|start| start * head_dim).collect();
        let queries = Queries {
            rows: span.rows.clone(),
            start: span.start,
            memory: KeyValues {
                keys: key.as_slice::<f32>()?,
                values: value.as_slice::<f32>()?,
                starts: &starts,
                rows_of_block: memory.block_length,
                row_stride: head_dim,
                head_stride: memory.key.dim(1)? * head_dim,
            },
        };
        let sizes = Heads {
            queries: heads,
            keys: key_value_heads,
            size: head_dim,
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the scale of single-precision scores"
        )]
        let scale = call.scale as f32;
        with_floats(call.query, |query| {
            Ok(attention(
                query,
                sizes,
                scale,
                call.window,
                std::slice::from_ref(&queries),
                &mut output,
            )?)
        })?;
    }
    Ok(Tensor::from_vec(
        output,
        (rows, heads, head_dim),
        call.query.device(),
    )?)
}
