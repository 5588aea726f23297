//! Tensors as slices, for the kernels of the CPU.

use candle_core::{Storage, Tensor};

use crate::Result;

/// Calls `body` with the numbers of a tensor in row-major order: in place where they lie so already, in single precision on the CPU.
pub(crate) fn with_floats<R>(x: &Tensor, body: impl FnOnce(&[f32]) -> Result<R>) -> Result<R> {
    let x = x.contiguous()?;
    let (storage, layout) = x.storage_and_layout();
    let Storage::Cpu(numbers) = &*storage else {
        return Err(candle_core::Error::Msg(
            "a kernel of the CPU was given a tensor elsewhere".into(),
        )
        .into());
    };
    let first = layout.start_offset();
    body(&numbers.as_slice::<f32>()?[first..first + layout.shape().elem_count()])
}
