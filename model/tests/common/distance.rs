//! How far apart tensors are.

use candle_core::Tensor;

/// The largest difference between two tensors in double precision.
pub(crate) fn distance(a: &Tensor, b: &Tensor) -> f64 {
    (a - b)
        .unwrap()
        .abs()
        .unwrap()
        .max_all()
        .unwrap()
        .to_scalar::<f64>()
        .unwrap()
}
