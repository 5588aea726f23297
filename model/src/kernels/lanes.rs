//! Sums and exponentials over slices, written so that the compiler vectorises them for the level of their caller.

use super::level::MultiplyAdd;

/// Partial sums a reduction keeps.
pub(super) const LANES: usize = 16;

/// `Σ a[i] · b[i]` in 4 × 16 interleaved partial sums, so that additions do not wait for each other.
#[inline(always)]
pub(super) fn dot<M: MultiplyAdd>(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [[0.0_f32; LANES]; 4];
    let (a, a_rest) = a.as_chunks::<{ 4 * LANES }>();
    let (b, b_rest) = b.as_chunks::<{ 4 * LANES }>();
    for (a, b) in a.iter().zip(b) {
        for (part, sums) in sums.iter_mut().enumerate() {
            for lane in 0..LANES {
                sums[lane] =
                    M::multiply_add(a[part * LANES + lane], b[part * LANES + lane], sums[lane]);
            }
        }
    }
    let (a_rest, a_last) = a_rest.as_chunks::<LANES>();
    let (b_rest, b_last) = b_rest.as_chunks::<LANES>();
    for (a, b) in a_rest.iter().zip(b_rest) {
        for lane in 0..LANES {
            sums[0][lane] = M::multiply_add(a[lane], b[lane], sums[0][lane]);
        }
    }
    let mut total = [0.0; LANES];
    for lane in 0..LANES {
        total[lane] = (sums[0][lane] + sums[1][lane]) + (sums[2][lane] + sums[3][lane]);
    }
    let tail: f32 = a_last.iter().zip(b_last).map(|(a, b)| a * b).sum();
    sum_lanes(total) + tail
}

/// The sum of 16 lanes, by halves.
#[inline(always)]
pub(super) fn sum_lanes(mut lanes: [f32; LANES]) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// `eˣ` to within 2 units of the last place for `x ≤ 88`, and 0 below −87.3: `2ⁿ · e^r` with `r` reduced in two steps
/// (Cody and Waite) and a polynomial of degree 6. NaN stays NaN.
#[inline(always)]
pub(super) fn exp<M: MultiplyAdd>(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0;
    const LN2_HIGH: f32 = 0.693_359_375;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let clamped = if x < -87.3 {
        -87.3
    } else if x > 88.0 {
        88.0
    } else {
        x
    };
    let shifted = M::multiply_add(clamped, std::f32::consts::LOG2_E, ROUND);
    let whole = shifted - ROUND;
    let rest = M::multiply_add(whole, -LN2_LOW, M::multiply_add(whole, -LN2_HIGH, clamped));
    let mut value = 1.0 / 720.0;
    for coefficient in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        value = M::multiply_add(value, rest, coefficient);
    }
    let power = f32::from_bits(
        (shifted
            .to_bits()
            .wrapping_sub(ROUND.to_bits())
            .wrapping_add(127))
            << 23,
    );
    if x < -87.3 { 0.0 } else { value * power }
}
