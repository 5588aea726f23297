//! The product with AVX2: `vpmaddubsw` multiplies unsigned by signed bytes into 16-bit sums of two, `vpmaddwd` adds those.
//!
//! The 16-bit sums hold codes of up to 7 bits (`2 · 127 · 127 < 2¹⁵`); of 8-bit codes the highest bit is multiplied apart.
//! Limit: three instructions for 32 multiplications where VNNI needs one for 64.

use super::super::packed::{GROUP, PANEL};
use super::{Panel, Tile};
use std::arch::x86_64::{
    __m256, __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_cvtepi32_ps, _mm256_fmadd_ps,
    _mm256_loadu_ps, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_mul_ps,
    _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_ps,
    _mm256_setzero_si256, _mm256_srli_epi16, _mm256_storeu_ps,
};

/// Registers across 16 rows of a panel: half of it at a time, for AVX2 has 16 registers.
const WIDE: usize = 2;

/// Adds the product of the panel with each row of `x` to `sums`.
///
/// # Safety
/// `panel.part` is `PART`, the panel's slices have the lengths of `columns` columns, and so has each row of `x`.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn add<const M: usize, const PART: usize>(
    panel: Panel<'_>,
    x: &Tile<'_, M>,
    sums: &mut [[f32; PANEL]; M],
) {
    for half in 0..PANEL / 16 {
        let mut row = 0;
        while row + 2 <= M {
            // SAFETY: passed on from the caller; the rows exist.
            unsafe { rows::<M, 2, PART>(panel, x, row, half, sums) };
            row += 2;
        }
        if row < M {
            // SAFETY: as above.
            unsafe { rows::<M, 1, PART>(panel, x, row, half, sums) };
        }
    }
}

/// `N` rows from `first` on, half of the panel.
///
/// # Safety
/// As `add`; `first + N <= M`.
#[target_feature(enable = "avx2,fma")]
unsafe fn rows<const M: usize, const N: usize, const PART: usize>(
    panel: Panel<'_>,
    x: &Tile<'_, M>,
    first: usize,
    half: usize,
    sums: &mut [[f32; PANEL]; M],
) {
    let parts = panel.scales.len() / PANEL;
    // SAFETY (all blocks below): offsets stay under the lengths that the caller promises: `parts` parts of `PART`
    // columns, `PANEL` rows each; unaligned loads have no other condition.
    let mut totals: [[__m256; WIDE]; N] = [[_mm256_setzero_ps(); WIDE]; N];
    for row in 0..N {
        for wide in 0..WIDE {
            totals[row][wide] =
                unsafe { _mm256_loadu_ps(sums[first + row].as_ptr().add(16 * half + 8 * wide)) };
        }
    }
    for part in 0..parts {
        let mut integers: [[__m256i; WIDE]; N] = [[_mm256_setzero_si256(); WIDE]; N];
        let codes = unsafe { panel.codes.as_ptr().add(part * PART * PANEL + 64 * half) };
        for quad in 0..PART / 4 {
            for wide in 0..WIDE {
                let weights =
                    unsafe { _mm256_loadu_si256(codes.add(quad * 4 * PANEL + 32 * wide).cast()) };
                for row in 0..N {
                    let at = part * PART + 4 * quad;
                    let four = unsafe {
                        x.codes[first + row]
                            .as_ptr()
                            .add(at)
                            .cast::<i32>()
                            .read_unaligned()
                    };
                    let product = dot_of_four(weights, _mm256_set1_epi32(four));
                    integers[row][wide] = _mm256_add_epi32(integers[row][wide], product);
                }
            }
        }
        for wide in 0..WIDE {
            let at = part * PANEL + 16 * half + 8 * wide;
            let scales = unsafe { _mm256_loadu_ps(panel.scales.as_ptr().add(at)) };
            let minimums = unsafe { _mm256_loadu_ps(panel.minimums.as_ptr().add(at)) };
            for row in 0..N {
                let scale = _mm256_set1_ps(unsafe {
                    *x.scales[first + row].get_unchecked(part * PART / GROUP)
                });
                let sum = _mm256_set1_ps(unsafe { *x.sums[first + row].get_unchecked(part) });
                let product = _mm256_cvtepi32_ps(integers[row][wide]);
                let total =
                    _mm256_fmadd_ps(product, _mm256_mul_ps(scales, scale), totals[row][wide]);
                totals[row][wide] = _mm256_fmadd_ps(minimums, sum, total);
            }
        }
    }
    for row in 0..N {
        for wide in 0..WIDE {
            unsafe {
                _mm256_storeu_ps(
                    sums[first + row].as_mut_ptr().add(16 * half + 8 * wide),
                    totals[row][wide],
                )
            };
        }
    }
}

/// Sums of four products of unsigned with signed bytes, exact for all values.
#[target_feature(enable = "avx2")]
fn dot_of_four(unsigned: __m256i, signed: __m256i) -> __m256i {
    let low = _mm256_and_si256(unsigned, _mm256_set1_epi8(0x7f));
    let high = _mm256_and_si256(_mm256_srli_epi16::<7>(unsigned), _mm256_set1_epi8(1));
    let low = _mm256_madd_epi16(_mm256_maddubs_epi16(low, signed), _mm256_set1_epi16(1));
    let high = _mm256_madd_epi16(_mm256_maddubs_epi16(high, signed), _mm256_set1_epi16(128));
    _mm256_add_epi32(low, high)
}
