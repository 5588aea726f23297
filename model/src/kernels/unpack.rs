//! Some groups of a panel as a product wants them: a byte a value, and scales as floats.
//!
//! Unpacked groups stay in the first-level cache and are used at once by every row of activations. For one row this
//! costs a store and a load of each byte; memory delivers the packed bytes at about a third of that pace, so it hides behind the wait.
//! The bodies are plain loops that the compiler vectorises for every level.

use super::aligned::Aligned;
use super::format::Scales;
use super::half_float::to_f32;
use super::level::{Level, for_every_level};
use super::packed::{GROUP, GROUP_CODES, HALVES, PANEL, Packed};
use std::ops::Range;

/// Room for unpacked groups, kept by each thread.
pub(super) struct Unpacked {
    codes: Aligned,
    scales: Aligned,
    minimums: Aligned,
}

/// What a product reads: `value = code * scale + minimum` for each row of the panel and each *part* of columns.
#[derive(Clone, Copy)]
pub(super) struct Panel<'a> {
    /// `[columns / 4][PANEL][4]`, unsigned.
    pub(super) codes: &'a [u8],
    /// `[parts][PANEL]`.
    pub(super) scales: &'a [f32],
    /// `[parts][PANEL]`.
    pub(super) minimums: &'a [f32],
    /// Columns of a part: 32, or 16 for `Q6_K`.
    pub(super) part: usize,
}

impl Unpacked {
    pub(super) fn new() -> Self {
        Self {
            codes: Aligned::zeroed(0),
            scales: Aligned::zeroed(0),
            minimums: Aligned::zeroed(0),
        }
    }

    /// Unpacks the blocks `blocks` of a panel.
    pub(super) fn load<'a>(
        &'a mut self,
        level: Level,
        packed: &'a Packed,
        panel: usize,
        blocks: Range<usize>,
    ) -> Panel<'a> {
        let format = packed.format;
        let (bits, offset) = format.code().expect("packed matrices are quantised");
        let groups_of_block = format.block() / GROUP;
        let groups = blocks.start * groups_of_block..blocks.end * groups_of_block;
        let part = format.part();
        let (code_bytes, floats) = (
            groups.len() * GROUP_CODES,
            groups.len() * GROUP / part * PANEL,
        );
        self.codes.reserve(code_bytes);
        self.scales.reserve(4 * floats);
        self.minimums.reserve(4 * floats);
        let scales = &mut self.scales.floats_mut()[..floats];
        let minimums = &mut self.minimums.floats_mut()[..floats];
        let stored = packed.scales(panel, blocks);
        // The scales of the next part lie behind.
        prefetch(stored, stored.len());
        match format.scales() {
            Scales::Half => half_scales(level, stored, f32::from(offset), scales, minimums),
            Scales::HalfAndMinimum => half_pairs(level, stored, scales, minimums),
            Scales::Super => super_scales(level, stored, scales, minimums),
            Scales::SuperOf16 => {
                super_scales_of_16(level, stored, f32::from(offset), scales, minimums);
            }
        }
        let stored = packed.codes(panel, groups);
        // Eight bits are multiplied where they lie.
        let codes = if bits == 8 {
            stored
        } else {
            let codes = &mut self.codes.bytes_mut()[..code_bytes];
            match bits {
                4 => four_bits(level, stored, codes),
                5 => five_bits(level, stored, codes),
                _ => six_bits(level, stored, codes),
            }
            codes
        };
        Panel {
            codes,
            scales,
            minimums,
            part,
        }
    }
}

for_every_level! { fn four_bits(stored: &[u8], codes: &mut [u8]) = four_bits_body }
for_every_level! { fn five_bits(stored: &[u8], codes: &mut [u8]) = five_bits_body }
for_every_level! { fn six_bits(stored: &[u8], codes: &mut [u8]) = six_bits_body }
for_every_level! {
    fn half_scales(stored: &[u8], offset: f32, scales: &mut [f32], minimums: &mut [f32]) = half_scales_body
}
for_every_level! { fn half_pairs(stored: &[u8], scales: &mut [f32], minimums: &mut [f32]) = half_pairs_body }
for_every_level! { fn super_scales(stored: &[u8], scales: &mut [f32], minimums: &mut [f32]) = super_scales_body }
for_every_level! {
    fn super_scales_of_16(stored: &[u8], offset: f32, scales: &mut [f32], minimums: &mut [f32]) = super_scales_of_16_body
}

/// How far ahead of its reading memory is asked for: about as long as a product takes, in which nothing is read.
const AHEAD: usize = 4096;

/// Asks for the memory `ahead` bytes after the start of these bytes, as much as they are.
#[inline(always)]
fn prefetch(bytes: &[u8], ahead: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in 0..bytes.len() / 64 {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let ahead = bytes.as_ptr().cast::<i8>().wrapping_add(64 * line + ahead);
        // SAFETY: SSE is part of x86-64, and a prefetch of any address reads nothing and never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(ahead) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (bytes, ahead);
}

const HALF_GROUP: usize = GROUP_CODES / 2;
const QUAD: usize = 4 * PANEL;

#[inline(always)]
fn four_bits_body<M>(stored: &[u8], codes: &mut [u8]) {
    let quads = (
        stored.as_chunks::<QUAD>().0.as_chunks::<4>().0,
        codes.as_chunks_mut::<GROUP_CODES>().0,
    );
    for (stored, codes) in quads.0.iter().zip(quads.1) {
        prefetch(stored.as_flattened(), AHEAD);
        let (low, high) = codes.split_at_mut(HALF_GROUP);
        for (index, byte) in stored.as_flattened().iter().enumerate() {
            low[index] = byte & 15;
            high[index] = byte >> 4;
        }
    }
}

/// Columns `4q..4q+4` from low halves of bytes and `4q+16..4q+20` from high halves, with the bits above from
/// `bits` of two more places. Shifts are constants, else the compiler would not vectorise them.
#[inline(always)]
fn merge<const LOW_SHIFT: u32, const HIGH_SHIFT: u32, const MASK: u8>(
    nibbles: &[u8; QUAD],
    bits: [&[u8; QUAD]; 2],
    low: &mut [u8; QUAD],
    high: &mut [u8; QUAD],
) {
    for lane in 0..QUAD {
        low[lane] = (nibbles[lane] & 15) | (((bits[0][lane] >> LOW_SHIFT) & MASK) << 4);
        high[lane] = (nibbles[lane] >> 4) | (((bits[1][lane] >> HIGH_SHIFT) & MASK) << 4);
    }
}

#[inline(always)]
fn five_bits_body<M>(stored: &[u8], codes: &mut [u8]) {
    let quads = (
        stored.as_chunks::<QUAD>().0.as_chunks::<5>().0,
        codes.as_chunks_mut::<QUAD>().0.as_chunks_mut::<8>().0,
    );
    for (stored, codes) in quads.0.iter().zip(quads.1) {
        prefetch(stored.as_flattened(), AHEAD);
        let [zero, one, two, three, bits] = stored;
        let [at0, at4, at8, at12, at16, at20, at24, at28] = codes;
        merge::<0, 4, 1>(zero, [bits; 2], at0, at16);
        merge::<1, 5, 1>(one, [bits; 2], at4, at20);
        merge::<2, 6, 1>(two, [bits; 2], at8, at24);
        merge::<3, 7, 1>(three, [bits; 2], at12, at28);
    }
}

#[inline(always)]
fn six_bits_body<M>(stored: &[u8], codes: &mut [u8]) {
    let quads = (
        stored.as_chunks::<QUAD>().0.as_chunks::<6>().0,
        codes.as_chunks_mut::<QUAD>().0.as_chunks_mut::<8>().0,
    );
    for (stored, codes) in quads.0.iter().zip(quads.1) {
        prefetch(stored.as_flattened(), AHEAD);
        let [zero, one, two, three, first, second] = stored;
        let [at0, at4, at8, at12, at16, at20, at24, at28] = codes;
        merge::<0, 0, 3>(zero, [first, second], at0, at16);
        merge::<2, 2, 3>(one, [first, second], at4, at20);
        merge::<4, 4, 3>(two, [first, second], at8, at24);
        merge::<6, 6, 3>(three, [first, second], at12, at28);
    }
}

type Lanes = [f32; PANEL];

#[inline(always)]
fn halves(stored: &[u8; HALVES]) -> Lanes {
    let mut lanes = [0.0; PANEL];
    for (lane, bytes) in lanes.iter_mut().zip(stored.as_chunks::<2>().0) {
        *lane = to_f32(u16::from_le_bytes(*bytes));
    }
    lanes
}

#[inline(always)]
fn half_scales_body<M>(stored: &[u8], offset: f32, scales: &mut [f32], minimums: &mut [f32]) {
    let targets = scales
        .as_chunks_mut::<PANEL>()
        .0
        .iter_mut()
        .zip(minimums.as_chunks_mut::<PANEL>().0);
    for (stored, (scales, minimums)) in stored.as_chunks::<HALVES>().0.iter().zip(targets) {
        *scales = halves(stored);
        for lane in 0..PANEL {
            minimums[lane] = -offset * scales[lane];
        }
    }
}

#[inline(always)]
fn half_pairs_body<M>(stored: &[u8], scales: &mut [f32], minimums: &mut [f32]) {
    let targets = scales
        .as_chunks_mut::<PANEL>()
        .0
        .iter_mut()
        .zip(minimums.as_chunks_mut::<PANEL>().0);
    for (stored, (scales, minimums)) in stored
        .as_chunks::<HALVES>()
        .0
        .as_chunks::<2>()
        .0
        .iter()
        .zip(targets)
    {
        *scales = halves(&stored[0]);
        *minimums = halves(&stored[1]);
    }
}

#[inline(always)]
fn super_scales_body<M>(stored: &[u8], scales: &mut [f32], minimums: &mut [f32]) {
    const STORED: usize = 2 * HALVES + 16 * PANEL;
    let targets = scales
        .as_chunks_mut::<{ 8 * PANEL }>()
        .0
        .iter_mut()
        .zip(minimums.as_chunks_mut::<{ 8 * PANEL }>().0);
    for (stored, (scales, minimums)) in stored.as_chunks::<STORED>().0.iter().zip(targets) {
        let (wide, small) = stored.as_chunks::<HALVES>();
        debug_assert!(small.is_empty(), "both kinds of scales are whole chunks");
        let (scale, minimum) = (halves(&wide[0]), halves(&wide[1]));
        let small = stored[2 * HALVES..]
            .as_chunks::<PANEL>()
            .0
            .as_chunks::<2>()
            .0;
        let parts = scales
            .as_chunks_mut::<PANEL>()
            .0
            .iter_mut()
            .zip(minimums.as_chunks_mut::<PANEL>().0);
        for (small, (scales, minimums)) in small.iter().zip(parts) {
            for lane in 0..PANEL {
                scales[lane] = scale[lane] * f32::from(small[0][lane]);
                minimums[lane] = -(minimum[lane] * f32::from(small[1][lane]));
            }
        }
    }
}

#[inline(always)]
fn super_scales_of_16_body<M>(
    stored: &[u8],
    offset: f32,
    scales: &mut [f32],
    minimums: &mut [f32],
) {
    const STORED: usize = HALVES + 16 * PANEL;
    let targets = scales
        .as_chunks_mut::<{ 16 * PANEL }>()
        .0
        .iter_mut()
        .zip(minimums.as_chunks_mut::<{ 16 * PANEL }>().0);
    for (stored, (scales, minimums)) in stored.as_chunks::<STORED>().0.iter().zip(targets) {
        let scale = halves(&stored.as_chunks::<HALVES>().0[0]);
        let small = stored[HALVES..].as_chunks::<PANEL>().0;
        let parts = scales
            .as_chunks_mut::<PANEL>()
            .0
            .iter_mut()
            .zip(minimums.as_chunks_mut::<PANEL>().0);
        for (small, (scales, minimums)) in small.iter().zip(parts) {
            for lane in 0..PANEL {
                scales[lane] = scale[lane] * f32::from(small[lane].cast_signed());
                minimums[lane] = -offset * scales[lane];
            }
        }
    }
}
