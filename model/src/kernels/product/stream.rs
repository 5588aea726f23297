//! The product of few rows with AVX-512 VNNI, straight from the packed bytes: nothing is written on the way.
//!
//! Decoding reads every weight once, so memory is the limit as long as unpacking keeps its pace. For one row a group of 4
//! bits, 576 bytes with its scales, takes about 80 vector instructions, a third of what a detour through the cache took. Sums are those
//! of `avx512` in the same order: a row gets the same bits on both ways.

use super::super::format::Scales;
use super::super::packed::{GROUP, HALVES, PANEL, Packed, group_bytes, scale_bytes};
use super::Tile;
use std::arch::x86_64::{
    __m512, __m512i, _MM_HINT_T0, _mm_loadu_si128, _mm_prefetch, _mm256_loadu_si256,
    _mm512_add_epi32, _mm512_and_si512, _mm512_cvtepi8_epi32, _mm512_cvtepi32_ps,
    _mm512_cvtepu8_epi32, _mm512_cvtph_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_fnmadd_ps,
    _mm512_loadu_ps, _mm512_loadu_si512, _mm512_mul_ps, _mm512_set1_epi8, _mm512_set1_epi32,
    _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_slli_epi16, _mm512_srli_epi16,
    _mm512_storeu_ps, _mm512_ternarylogic_epi32,
};

/// Registers across a panel.
const WIDE: usize = PANEL / 16;
/// Bytes of four columns of a panel, one a value.
const QUAD: usize = 4 * PANEL;
/// How far ahead of its reading memory is asked for.
const AHEAD: usize = 4096;

/// The kinds of scales as numbers, which a function can be generic over.
const HALF: u8 = Scales::Half as u8;
const HALF_AND_MINIMUM: u8 = Scales::HalfAndMinimum as u8;
const SUPER: u8 = Scales::Super as u8;
const SUPER_OF_16: u8 = Scales::SuperOf16 as u8;

/// Adds the product of a whole panel with each row of `x`, which is cut to all columns, to `sums`.
///
/// # Safety
/// Each row of `x` has as many codes, scales and sums as the columns of the matrix ask for.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) unsafe fn add<const M: usize>(
    weights: &Packed,
    panel: usize,
    x: &Tile<'_, M>,
    sums: &mut [[f32; PANEL]; M],
) {
    let (bits, offset) = weights
        .format
        .code()
        .expect("packed matrices are quantised");
    let block = weights.format.block();
    let blocks = weights.columns / block;
    let panel = Panel {
        codes: weights.codes(panel, 0..weights.columns / GROUP),
        scales: weights.scales(panel, 0..blocks),
        blocks,
        groups_of_block: block / GROUP,
        offset: f32::from(offset),
    };
    // SAFETY (all calls): passed on from the caller; slices of the panel are as long as its format says.
    unsafe {
        match (bits, weights.format.scales()) {
            (4, Scales::Half) => add_as::<M, 4, HALF>(&panel, x, sums),
            (4, Scales::HalfAndMinimum) => add_as::<M, 4, HALF_AND_MINIMUM>(&panel, x, sums),
            (4, _) => add_as::<M, 4, SUPER>(&panel, x, sums),
            (5, Scales::Half) => add_as::<M, 5, HALF>(&panel, x, sums),
            (5, Scales::HalfAndMinimum) => add_as::<M, 5, HALF_AND_MINIMUM>(&panel, x, sums),
            (5, _) => add_as::<M, 5, SUPER>(&panel, x, sums),
            (6, _) => add_as::<M, 6, SUPER_OF_16>(&panel, x, sums),
            _ => add_as::<M, 8, HALF>(&panel, x, sums),
        }
    }
}

/// The packed bytes of a panel.
struct Panel<'a> {
    codes: &'a [u8],
    scales: &'a [u8],
    blocks: usize,
    groups_of_block: usize,
    /// What is taken off a code.
    offset: f32,
}

/// A register for each half of a panel.
type Across<T> = [T; WIDE];

/// [`add`] for codes of `BITS` bits and one kind of scales.
///
/// # Safety
/// As [`add`]; the panel's slices have the lengths of this format.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn add_as<const M: usize, const BITS: usize, const SCALES: u8>(
    panel: &Panel<'_>,
    x: &Tile<'_, M>,
    sums: &mut [[f32; PANEL]; M],
) {
    // SAFETY (all blocks below): offsets stay under the lengths that the caller promises; unaligned loads have no other condition,
    // and a prefetch reads nothing.
    let mut totals: [Across<__m512>; M] = std::array::from_fn(|row| {
        std::array::from_fn(|wide| unsafe { _mm512_loadu_ps(sums[row].as_ptr().add(16 * wide)) })
    });
    let mut codes = panel.codes.as_ptr();
    let mut scales = panel.scales.as_ptr();
    let mut group = 0;
    let scale_size = match SCALES {
        HALF => scale_bytes(Scales::Half),
        HALF_AND_MINIMUM => scale_bytes(Scales::HalfAndMinimum),
        SUPER => scale_bytes(Scales::Super),
        _ => scale_bytes(Scales::SuperOf16),
    };
    for _ in 0..panel.blocks {
        let wide_scales = unsafe { halves(scales) };
        let wide_minimums = match SCALES {
            HALF_AND_MINIMUM | SUPER => unsafe { halves(scales.add(HALVES)) },
            _ => [_mm512_setzero_ps(); WIDE],
        };
        for line in 0..scale_size / 64 {
            _mm_prefetch::<_MM_HINT_T0>(scales.wrapping_add(64 * line + AHEAD / 8).cast());
        }
        for within in 0..panel.groups_of_block {
            for line in 0..group_bytes(BITS) / 64 {
                _mm_prefetch::<_MM_HINT_T0>(codes.wrapping_add(64 * line + AHEAD).cast());
            }
            // Sums of both halves of the group's columns.
            let mut integers: [[Across<__m512i>; 2]; M] = [[[_mm512_setzero_si512(); WIDE]; 2]; M];
            for quad in 0..4 {
                let weights: Across<[__m512i; 2]> = std::array::from_fn(|wide| unsafe {
                    both_halves::<BITS>(codes.add(64 * wide), quad)
                });
                for row in 0..M {
                    for half in 0..2 {
                        let at = group * GROUP + 16 * half + 4 * quad;
                        let four =
                            unsafe { x.codes[row].as_ptr().add(at).cast::<[u8; 4]>().read() };
                        let four = _mm512_set1_epi32(i32::from_ne_bytes(four));
                        for wide in 0..WIDE {
                            integers[row][half][wide] = _mm512_dpbusd_epi32(
                                integers[row][half][wide],
                                weights[wide][half],
                                four,
                            );
                        }
                    }
                }
            }
            let parts = if SCALES == SUPER_OF_16 { 2 } else { 1 };
            for part in 0..parts {
                for wide in 0..WIDE {
                    let wide_scale = (wide_scales[wide], wide_minimums[wide]);
                    let (scale, minimum) = unsafe {
                        let small = scales.add(16 * wide);
                        of_group::<SCALES>(wide_scale, small, (within, part), panel.offset)
                    };
                    for row in 0..M {
                        let integer = if parts == 2 {
                            integers[row][part][wide]
                        } else {
                            _mm512_add_epi32(integers[row][0][wide], integers[row][1][wide])
                        };
                        let (step, sum) = unsafe {
                            (
                                *x.scales[row].get_unchecked(group),
                                *x.sums[row].get_unchecked(group * parts + part),
                            )
                        };
                        let scale = _mm512_mul_ps(scale, _mm512_set1_ps(step));
                        let total =
                            _mm512_fmadd_ps(_mm512_cvtepi32_ps(integer), scale, totals[row][wide]);
                        let sum = _mm512_set1_ps(sum);
                        totals[row][wide] = if SCALES == HALF_AND_MINIMUM {
                            _mm512_fmadd_ps(minimum, sum, total)
                        } else {
                            _mm512_fnmadd_ps(minimum, sum, total)
                        };
                    }
                }
            }
            codes = codes.wrapping_add(group_bytes(BITS));
            group += 1;
        }
        scales = scales.wrapping_add(scale_size);
    }
    for row in 0..M {
        for wide in 0..WIDE {
            unsafe { _mm512_storeu_ps(sums[row].as_mut_ptr().add(16 * wide), totals[row][wide]) };
        }
    }
}

/// The scales of 16 rows of a group, or of a half of it, and what is taken off for each unit of the activations' sum: from those
/// of the whole block, and from small ones that follow them.
///
/// # Safety
/// `small` is the start of a block's scales, or 16 bytes further for the second half of the panel; `within` and `part` are
/// a group of the block and a half of the group.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn of_group<const SCALES: u8>(
    (scale, minimum): (__m512, __m512),
    small: *const u8,
    (within, part): (usize, usize),
    offset: f32,
) -> (__m512, __m512) {
    // SAFETY: within the bytes that the caller promises.
    let small = |first: usize| unsafe { _mm_loadu_si128(small.add(first).cast()) };
    match SCALES {
        SUPER => {
            let at = 2 * HALVES + 2 * PANEL * within;
            let small_scale = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(small(at)));
            let small_minimum = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(small(at + PANEL)));
            (
                _mm512_mul_ps(scale, small_scale),
                _mm512_mul_ps(minimum, small_minimum),
            )
        }
        SUPER_OF_16 => {
            let small = small(HALVES + PANEL * (2 * within + part));
            let scale = _mm512_mul_ps(scale, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(small)));
            (scale, _mm512_mul_ps(scale, _mm512_set1_ps(offset)))
        }
        HALF => (scale, _mm512_mul_ps(scale, _mm512_set1_ps(offset))),
        _ => (scale, minimum),
    }
}

/// 16-bit floats of a panel's rows.
///
/// # Safety
/// [`HALVES`] bytes can be read.
#[target_feature(enable = "avx512f")]
unsafe fn halves(stored: *const u8) -> Across<__m512> {
    // SAFETY: within the bytes that the caller promises.
    std::array::from_fn(|wide| unsafe {
        _mm512_cvtph_ps(_mm256_loadu_si256(stored.add(32 * wide).cast()))
    })
}

/// Codes of columns `4 * quad..` of a group and of those 16 further on, for 16 rows.
///
/// # Safety
/// `codes` is the start of a group, or 64 bytes further for the second half of the panel; `quad` is below 4.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn both_halves<const BITS: usize>(codes: *const u8, quad: usize) -> [__m512i; 2] {
    /// `(a & b) | c`.
    const AND_OR: i32 = 0xea;
    // SAFETY: a group has four quads of nibbles, or eight of bytes; behind nibbles lie one or two quads of higher bits.
    let quad_at = |index: usize| unsafe { _mm512_loadu_si512(codes.add(index * QUAD).cast()) };
    if BITS == 8 {
        return [quad_at(quad), quad_at(4 + quad)];
    }
    let nibbles = quad_at(quad);
    let low_bits = _mm512_set1_epi8(15);
    let low = _mm512_and_si512(nibbles, low_bits);
    let high = _mm512_and_si512(_mm512_srli_epi16::<4>(nibbles), low_bits);
    match BITS {
        5 => {
            // Bits may come from the neighbouring byte, but not to the place that is kept.
            let (bits, fifth) = (quad_at(4), _mm512_set1_epi8(0x10));
            let (below, above) = match quad {
                0 => (_mm512_slli_epi16::<4>(bits), bits),
                1 => (_mm512_slli_epi16::<3>(bits), _mm512_srli_epi16::<1>(bits)),
                2 => (_mm512_slli_epi16::<2>(bits), _mm512_srli_epi16::<2>(bits)),
                _ => (_mm512_slli_epi16::<1>(bits), _mm512_srli_epi16::<3>(bits)),
            };
            [
                _mm512_ternarylogic_epi32::<AND_OR>(below, fifth, low),
                _mm512_ternarylogic_epi32::<AND_OR>(above, fifth, high),
            ]
        }
        6 => {
            let two = _mm512_set1_epi8(0x30);
            let place = |bits: __m512i| match quad {
                0 => _mm512_slli_epi16::<4>(bits),
                1 => _mm512_slli_epi16::<2>(bits),
                2 => bits,
                _ => _mm512_srli_epi16::<2>(bits),
            };
            [
                _mm512_ternarylogic_epi32::<AND_OR>(place(quad_at(4)), two, low),
                _mm512_ternarylogic_epi32::<AND_OR>(place(quad_at(5)), two, high),
            ]
        }
        _ => [low, high],
    }
}
