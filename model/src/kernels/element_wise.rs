//! Norms, rotations and gates over rows of floats, one pass each.

use super::error::{KernelError, expect_length};
use super::lanes::{LANES, exp, sum_lanes};
use super::level::{Level, MultiplyAdd, for_every_level};
use super::pool::Pool;
use super::shared::Shared;

/// Values worth handing to another thread.
const CHUNK: usize = 1 << 15;

/// Runs `body` on chunks of whole rows of `width` values, given the range of values.
fn by_rows(values: usize, width: usize, body: &(dyn Fn(std::ops::Range<usize>) + Sync)) {
    let width = width.max(1);
    let (rows, step) = (values / width, CHUNK.div_ceil(width));
    Pool::global().run(rows.div_ceil(step), &|chunk| {
        body(chunk * step * width..rows.min((chunk + 1) * step) * width);
    });
}

/// Root-mean-square norm (Zhang and Sennrich, arXiv 1910.07467): `out = x / sqrt(mean(x²) + epsilon) · weight`, by rows of
/// `weight.len()` values.
pub fn rms_norm(
    x: &[f32],
    weight: &[f32],
    epsilon: f32,
    out: &mut [f32],
) -> Result<(), KernelError> {
    expect_length("the result", x.len(), out.len())?;
    expect_length(
        "the rows",
        x.len().next_multiple_of(weight.len().max(1)),
        x.len(),
    )?;
    let out = Shared::new(out);
    by_rows(x.len(), weight.len(), &|range| {
        // SAFETY: chunks are apart.
        let out = unsafe { out.part(range.clone()) };
        rms_rows(Level::best(), &x[range], weight, epsilon, out);
    });
    Ok(())
}

for_every_level! { fn rms_rows(x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) = rms_rows_body }

#[inline(always)]
fn rms_rows_body<M: MultiplyAdd>(x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    let width = weight.len();
    for (x, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
        let mean = super::lanes::dot::<M>(x, x) / width as f32;
        let factor = 1.0 / (mean + epsilon).sqrt();
        for index in 0..width {
            out[index] = x[index] * factor * weight[index];
        }
    }
}

/// Rotary positions (Su et al., arXiv 2104.09864) in the layout of Hugging Face: value `i` of a head turns with value
/// `i + n`, where `n` is the row length of `cosine` and `sine`, both `[rows][n]`; what follows the first `2n` values is left alone.
/// `x` is `[rows][heads][size]`, changed in place.
pub fn rotate(
    x: &mut [f32],
    heads: usize,
    size: usize,
    cosine: &[f32],
    sine: &[f32],
) -> Result<(), KernelError> {
    let width = heads * size;
    let rows = x.len().checked_div(width).unwrap_or(0);
    let half = cosine.len().checked_div(rows).unwrap_or(0);
    expect_length("the rows", rows * width, x.len())?;
    expect_length("the cosines", rows * half, cosine.len())?;
    expect_length("the sines", cosine.len(), sine.len())?;
    if 2 * half > size {
        return Err(KernelError::Shape {
            what: "a row of cosines",
            expected: size / 2,
            found: half,
        });
    }
    let (values, shared) = (x.len(), Shared::new(x));
    by_rows(values, width, &|range| {
        let rows = range.start / width.max(1)..range.end / width.max(1);
        // SAFETY: chunks are apart.
        let x = unsafe { shared.part(range) };
        let angles = rows.start * half..rows.end * half;
        rotate_rows(
            Level::best(),
            x,
            width,
            size,
            &cosine[angles.clone()],
            &sine[angles],
        );
    });
    Ok(())
}

for_every_level! {
    fn rotate_rows(x: &mut [f32], width: usize, size: usize, cosine: &[f32], sine: &[f32]) = rotate_rows_body
}

#[inline(always)]
fn rotate_rows_body<M: MultiplyAdd>(
    x: &mut [f32],
    width: usize,
    size: usize,
    cosine: &[f32],
    sine: &[f32],
) {
    let rows = x.len() / width;
    let half = cosine.len() / rows.max(1);
    if half == 0 {
        return;
    }
    let angles = cosine.chunks_exact(half).zip(sine.chunks_exact(half));
    for (row, (cosine, sine)) in x.chunks_exact_mut(width).zip(angles) {
        for head in row.chunks_exact_mut(size) {
            let (first, rest) = head.split_at_mut(half);
            for index in 0..half {
                let (a, b) = (first[index], rest[index]);
                first[index] = M::multiply_add(a, cosine[index], -(b * sine[index]));
                rest[index] = M::multiply_add(b, cosine[index], a * sine[index]);
            }
        }
    }
}

/// The gate of `SwiGLU` (Shazeer, arXiv 2002.05202): `out = gate / (1 + exp(-gate)) · up`.
pub fn silu_multiply(gate: &[f32], up: &[f32], out: &mut [f32]) -> Result<(), KernelError> {
    expect_length("the second factor", gate.len(), up.len())?;
    expect_length("the result", gate.len(), out.len())?;
    let out = Shared::new(out);
    by_rows(gate.len(), 1, &|range| {
        // SAFETY: chunks are apart.
        let out = unsafe { out.part(range.clone()) };
        silu_values(Level::best(), &gate[range.clone()], &up[range], out);
    });
    Ok(())
}

for_every_level! { fn silu_values(gate: &[f32], up: &[f32], out: &mut [f32]) = silu_values_body }

#[inline(always)]
fn silu_values_body<M: MultiplyAdd>(gate: &[f32], up: &[f32], out: &mut [f32]) {
    for ((gate, up), out) in gate.iter().zip(up).zip(out) {
        *out = gate / (1.0 + exp::<M>(-gate)) * up;
    }
}

/// `eˣ / Σ eˣ` over rows of `width` values, in place.
pub fn softmax(x: &mut [f32], width: usize) -> Result<(), KernelError> {
    expect_length("the rows", x.len().next_multiple_of(width.max(1)), x.len())?;
    let (values, shared) = (x.len(), Shared::new(x));
    by_rows(values, width, &|range| {
        // SAFETY: chunks are apart.
        softmax_rows(Level::best(), unsafe { shared.part(range) }, width);
    });
    Ok(())
}

for_every_level! { fn softmax_rows(x: &mut [f32], width: usize) = softmax_rows_body }

#[inline(always)]
fn softmax_rows_body<M: MultiplyAdd>(x: &mut [f32], width: usize) {
    for row in x.chunks_exact_mut(width.max(1)) {
        let mut largest = f32::NEG_INFINITY;
        for &value in &*row {
            largest = if value > largest { value } else { largest };
        }
        let mut sums = [0.0; LANES];
        let (chunks, rest) = row.as_chunks_mut::<LANES>();
        for chunk in chunks {
            for lane in 0..LANES {
                chunk[lane] = exp::<M>(chunk[lane] - largest);
                sums[lane] += chunk[lane];
            }
        }
        let mut sum = sum_lanes(sums);
        for value in rest {
            *value = exp::<M>(*value - largest);
            sum += *value;
        }
        for value in row {
            *value /= sum;
        }
    }
}
