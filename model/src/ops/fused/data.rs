//! From tensors to slices and back.

use std::marker::PhantomData;
use std::ops::Deref;

use candle_core::{CpuStorage, DType, Layout, Result, Shape, Storage, Tensor, bail};

use super::real::Real;

/// Whether fused operations take these tensors: on the CPU, and all in one of the two formats.
pub(crate) fn takes(tensors: &[&Tensor]) -> bool {
    let dtype = tensors[0].dtype();
    matches!(dtype, DType::F32 | DType::F64)
        && tensors
            .iter()
            .all(|tensor| tensor.device().is_cpu() && tensor.dtype() == dtype)
}

/// The numbers of an argument, which the caller has made contiguous.
pub(super) fn slice<'a, T: Real>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [T]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&T::cpu_storage_as_slice(storage)?[start..end]),
        None => bail!("a fused operation was given a tensor that is not contiguous"),
    }
}

/// A result.
pub(super) fn result<T: Real>(values: Vec<T>, shape: impl Into<Shape>) -> (CpuStorage, Shape) {
    (T::to_cpu_storage_owned(values), shape.into())
}

/// A tensor of these numbers, shaped like another.
pub(super) fn like<T: Real>(values: Vec<T>, other: &Tensor) -> Result<Tensor> {
    Tensor::from_vec(values, other.shape(), other.device())
}

/// The numbers of a tensor while a backward pass reads them.
pub(super) struct Numbers<T> {
    tensor: Tensor,
    kind: PhantomData<T>,
}

impl<T: Real> Numbers<T> {
    pub(super) fn of(tensor: &Tensor) -> Result<Self> {
        Ok(Self {
            tensor: tensor.contiguous()?,
            kind: PhantomData,
        })
    }

    /// The slice, behind the lock that protects it.
    pub(super) fn read(&self) -> Result<impl Deref<Target = [T]> + '_> {
        let (guard, layout) = self.tensor.storage_and_layout();
        let range = layout.contiguous_offsets();
        match (&*guard, range) {
            (Storage::Cpu(storage), Some(range)) => {
                T::cpu_storage_as_slice(storage)?;
                Ok(Slice {
                    guard,
                    range,
                    kind: PhantomData,
                })
            }
            _ => bail!("a fused operation's backward pass runs on the CPU only"),
        }
    }
}

/// A slice and the guard of its lock.
struct Slice<G, T> {
    guard: G,
    range: (usize, usize),
    kind: PhantomData<T>,
}

impl<G: Deref<Target = Storage>, T: Real> Deref for Slice<G, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        let Storage::Cpu(storage) = &*self.guard else {
            unreachable!("`Numbers::read` lets only CPU storage through");
        };
        let all = T::cpu_storage_as_slice(storage).expect("`Numbers::read` has checked the format");
        &all[self.range.0..self.range.1]
    }
}

/// Calls a function generic over [`Real`] with the format of a storage.
macro_rules! by_format {
    ($storage:expr, $function:ident ( $($argument:expr),* )) => {
        match $storage {
            candle_core::CpuStorage::F32(_) => $function::<f32>($($argument),*),
            candle_core::CpuStorage::F64(_) => $function::<f64>($($argument),*),
            _ => candle_core::bail!("fused operations compute in f32 and f64 only"),
        }
    };
}

/// As `by_format`, for tensors.
macro_rules! by_dtype {
    ($tensor:expr, $function:ident ( $($argument:expr),* )) => {
        match $tensor.dtype() {
            candle_core::DType::F64 => $function::<f64>($($argument),*),
            _ => $function::<f32>($($argument),*),
        }
    };
}

pub(super) use {by_dtype, by_format};
