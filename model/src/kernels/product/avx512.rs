//! The product with AVX-512 VNNI: `vpdpbusd` multiplies 64 unsigned by 64 signed bytes and adds fours to 16 sums.
//!
//! Limit: two such instructions a cycle on Zen 5 and on servers of Intel, 128 multiplications. A part of 32 columns and 6 rows
//! takes 96 of them and 48 float instructions; examples/kernels.rs measures the share that is reached.

use super::super::packed::{GROUP, PANEL};
use super::{Panel, Tile};
use std::arch::x86_64::{
    __m512, __m512i, _mm512_cvtepi32_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_loadu_ps,
    _mm512_loadu_si512, _mm512_mul_ps, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_si512,
    _mm512_storeu_ps,
};

/// Registers across a panel.
const WIDE: usize = PANEL / 16;

/// Adds the product of the panel with each row of `x` to `sums`.
///
/// # Safety
/// `panel.part` is `PART`, the panel's slices have the lengths of `columns` columns, and so has each row of `x`.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) unsafe fn add<const M: usize, const PART: usize>(
    panel: Panel<'_>,
    x: &Tile<'_, M>,
    sums: &mut [[f32; PANEL]; M],
) {
    let parts = panel.scales.len() / PANEL;
    // SAFETY (all blocks below): offsets stay under the lengths that the caller promises: `parts` parts of `PART`
    // columns, `PANEL` rows each; unaligned loads have no other condition.
    let mut totals: [[__m512; WIDE]; M] = [[_mm512_set1_ps(0.0); WIDE]; M];
    for row in 0..M {
        for wide in 0..WIDE {
            totals[row][wide] = unsafe { _mm512_loadu_ps(sums[row].as_ptr().add(16 * wide)) };
        }
    }
    for part in 0..parts {
        let mut integers: [[__m512i; WIDE]; M] = [[_mm512_setzero_si512(); WIDE]; M];
        let codes = unsafe { panel.codes.as_ptr().add(part * PART * PANEL) };
        for quad in 0..PART / 4 {
            let weights: [__m512i; WIDE] = std::array::from_fn(|wide| unsafe {
                _mm512_loadu_si512(codes.add(quad * 4 * PANEL + 64 * wide).cast())
            });
            for row in 0..M {
                let four = unsafe {
                    x.codes[row]
                        .as_ptr()
                        .add(part * PART + 4 * quad)
                        .cast::<i32>()
                        .read_unaligned()
                };
                let four = _mm512_set1_epi32(four);
                for wide in 0..WIDE {
                    integers[row][wide] =
                        _mm512_dpbusd_epi32(integers[row][wide], weights[wide], four);
                }
            }
        }
        for wide in 0..WIDE {
            let at = part * PANEL + 16 * wide;
            let scales = unsafe { _mm512_loadu_ps(panel.scales.as_ptr().add(at)) };
            let minimums = unsafe { _mm512_loadu_ps(panel.minimums.as_ptr().add(at)) };
            for row in 0..M {
                let scale =
                    _mm512_set1_ps(unsafe { *x.scales[row].get_unchecked(part * PART / GROUP) });
                let sum = _mm512_set1_ps(unsafe { *x.sums[row].get_unchecked(part) });
                let product = _mm512_cvtepi32_ps(integers[row][wide]);
                let total =
                    _mm512_fmadd_ps(product, _mm512_mul_ps(scales, scale), totals[row][wide]);
                totals[row][wide] = _mm512_fmadd_ps(minimums, sum, total);
            }
        }
    }
    for row in 0..M {
        for wide in 0..WIDE {
            unsafe { _mm512_storeu_ps(sums[row].as_mut_ptr().add(16 * wide), totals[row][wide]) };
        }
    }
}
