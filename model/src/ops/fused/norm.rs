//! RMS norm in one pass, and its gradients in another.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::data::{self, Numbers, by_dtype, by_format};
use super::real::{Real, vectorised};

/// Rows that one thread takes at a time.
const ROWS: usize = 32;

/// `x / sqrt(mean(x²) + epsilon) * weight` over the last dimension.
pub(super) struct RmsNorm {
    pub(super) epsilon: f64,
}

impl CustomOp2 for RmsNorm {
    fn name(&self) -> &'static str {
        "rms_norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        by_format!(x, forward(self.epsilon, x, x_layout, weight, weight_layout))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        by_dtype!(x, backward(self.epsilon, x, weight, gradient))
    }
}

/// `1 / sqrt(mean(x²) + epsilon)`.
fn scale_of<T: Real>(row: &[T], epsilon: f64) -> T {
    // Sixteen partial sums: one running sum would wait for each addition.
    let mut sums = [T::zero(); 16];
    let chunks = row.chunks_exact(16);
    let rest: T = chunks.remainder().iter().map(|&x| x * x).sum();
    for chunk in chunks {
        for (sum, &x) in sums.iter_mut().zip(chunk) {
            *sum += x * x;
        }
    }
    let sum = sums.into_iter().sum::<T>() + rest;
    T::one() / (sum / width(row) + T::constant(epsilon)).sqrt()
}

fn width<T: Real>(row: &[T]) -> T {
    #[expect(clippy::cast_precision_loss, reason = "widths are far below 2^52")]
    T::constant(row.len() as f64)
}

fn forward<T: Real>(
    epsilon: f64,
    x: &CpuStorage,
    x_layout: &Layout,
    weight: &CpuStorage,
    weight_layout: &Layout,
) -> Result<(CpuStorage, Shape)> {
    let x = data::slice::<T>(x, x_layout)?;
    let weight = data::slice::<T>(weight, weight_layout)?;
    let width = weight.len();
    let mut out = vec![T::zero(); x.len()];
    out.par_chunks_mut(ROWS * width)
        .zip(x.par_chunks(ROWS * width))
        .for_each(|(out, x)| {
            vectorised(
                #[inline(always)]
                || {
                    for (out, x) in out.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
                        let scale = scale_of(x, epsilon);
                        for ((out, &x), &weight) in out.iter_mut().zip(x).zip(weight) {
                            *out = x * scale * weight;
                        }
                    }
                },
            );
        });
    Ok(data::result(out, x_layout.shape().clone()))
}

/// With `n = x * scale` and `g = gradient * weight`: the gradient of `x` is `scale * (g - n * mean(g * n))`, that of the weight
/// the sum of `gradient * n` over the rows.
fn backward<T: Real>(
    epsilon: f64,
    x: &Tensor,
    weight: &Tensor,
    gradient: &Tensor,
) -> Result<(Option<Tensor>, Option<Tensor>)> {
    let numbers = (
        Numbers::<T>::of(x)?,
        Numbers::<T>::of(weight)?,
        Numbers::<T>::of(gradient)?,
    );
    let (x_data, weight_data, gradient) = (numbers.0.read()?, numbers.1.read()?, numbers.2.read()?);
    let (x_data, weight_data, gradient): (&[T], &[T], &[T]) = (&x_data, &weight_data, &gradient);
    let columns = weight_data.len();
    let mut of_x = vec![T::zero(); x_data.len()];
    let size = ROWS * columns;
    let parts = of_x
        .par_chunks_mut(size)
        .zip(x_data.par_chunks(size))
        .zip(gradient.par_chunks(size));
    let sums: Vec<Vec<T>> = parts
        .map(|((out, x), gradient)| {
            let mut sum = vec![T::zero(); columns];
            vectorised(
                #[inline(always)]
                || {
                    let rows = out
                        .chunks_exact_mut(columns)
                        .zip(x.chunks_exact(columns))
                        .zip(gradient.chunks_exact(columns));
                    for ((out, x), gradient) in rows {
                        let scale = scale_of(x, epsilon);
                        let mut dots = [T::zero(); 16];
                        for (index, ((&x, &gradient), &weight)) in
                            x.iter().zip(gradient).zip(weight_data).enumerate()
                        {
                            dots[index % 16] += gradient * weight * x;
                        }
                        let along = dots.into_iter().sum::<T>() * scale * scale / width(x);
                        for (index, out) in out.iter_mut().enumerate() {
                            *out =
                                scale * (gradient[index] * weight_data[index] - x[index] * along);
                            sum[index] += gradient[index] * x[index] * scale;
                        }
                    }
                },
            );
            sum
        })
        .collect();
    // Added in the order of the rows, so that the result does not depend on who was faster.
    let mut of_weight = vec![T::zero(); columns];
    for sum in sums {
        for (total, part) in of_weight.iter_mut().zip(sum) {
            *total += part;
        }
    }
    Ok((
        Some(data::like(of_x, x)?),
        Some(data::like(of_weight, weight)?),
    ))
}
