//! Kernels on candle's tensors.
//!
//! Each function looks whether its arguments are what kernels take (32-bit floats in order on the CPU, of which no gradient is
//! wanted) and returns `None` where they are not: callers then compose plain tensor operations, which have gradients and run
//! on every device. Results are new tensors.

use candle_core::{CpuStorage, DType, Device, Layout, Storage, StorageRef, Tensor};

use super::{KernelError, element_wise};
use crate::Result;

/// A tensor's memory, locked for reading.
struct Floats<'a> {
    storage: StorageRef<'a>,
    layout: &'a Layout,
}

impl<'a> Floats<'a> {
    /// The tensor, if kernels may take it.
    fn of(tensor: &'a Tensor) -> Option<Self> {
        let usual = tensor.dtype() == DType::F32 && tensor.device().is_cpu();
        if !usual || tensor.track_op() || !tensor.is_contiguous() {
            return None;
        }
        let (storage, layout) = tensor.storage_and_layout();
        Some(Self { storage, layout })
    }

    fn values(&self) -> &[f32] {
        let start = self.layout.start_offset();
        match &*self.storage {
            Storage::Cpu(CpuStorage::F32(values)) => {
                &values[start..start + self.layout.shape().elem_count()]
            }
            _ => &[],
        }
    }
}

fn tensor(values: Vec<f32>, like: &Tensor) -> Result<Option<Tensor>> {
    Ok(Some(Tensor::from_vec(values, like.shape(), &Device::Cpu)?))
}

fn failed(error: KernelError) -> candle_core::Error {
    candle_core::Error::wrap(error)
}

/// [`element_wise::rms_norm`] over the last dimension.
pub(crate) fn rms_norm(x: &Tensor, weight: &Tensor, epsilon: f64) -> Result<Option<Tensor>> {
    let (Some(values), Some(weights)) = (Floats::of(x), Floats::of(weight)) else {
        return Ok(None);
    };
    let mut out = vec![0.0; values.values().len()];
    #[expect(clippy::cast_possible_truncation, reason = "computed in f32")]
    let epsilon = epsilon as f32;
    element_wise::rms_norm(values.values(), weights.values(), epsilon, &mut out).map_err(failed)?;
    tensor(out, x)
}

/// [`element_wise::rotate`]; `x` is `[rows, heads, head_dim]`, the angles are `[rows, head_dim / 2]`.
pub(crate) fn rope(x: &Tensor, cosine: &Tensor, sine: &Tensor) -> Result<Option<Tensor>> {
    let (Some(values), Some(cosines), Some(sines)) =
        (Floats::of(x), Floats::of(cosine), Floats::of(sine))
    else {
        return Ok(None);
    };
    let (_, heads, size) = x.dims3()?;
    let mut out = values.values().to_vec();
    element_wise::rotate(&mut out, heads, size, cosines.values(), sines.values())
        .map_err(failed)?;
    tensor(out, x)
}

/// [`element_wise::silu_multiply`].
pub(crate) fn silu_multiply(gate: &Tensor, up: &Tensor) -> Result<Option<Tensor>> {
    let (Some(gates), Some(ups)) = (Floats::of(gate), Floats::of(up)) else {
        return Ok(None);
    };
    let mut out = vec![0.0; gates.values().len()];
    element_wise::silu_multiply(gates.values(), ups.values(), &mut out).map_err(failed)?;
    tensor(out, gate)
}
