//! The layout that kernels stream: panels of 32 rows, in which every 128 bytes hold 4 neighbouring columns of all rows.
//!
//! One 64-byte register then holds 4 columns of 16 rows, which is what a VNNI instruction multiplies by 4 activations
//! of the other side, adding to 16 sums. The bits are the file's own, moved: nothing is rounded again. Per *group* of 32 columns:
//!
//! | bits | bytes | layout |
//! | --- | --- | --- |
//! | 4 | 512 | low halves: columns 0–15, high halves: columns 16–31 |
//! | 5 | + 128 | bit `j` of a byte: the fifth bit of columns `4j..4j+4` |
//! | 6 | + 256 | two bits a quad, 4 quads a byte |
//! | 8 | 1024 | as multiplied |
//!
//! Scales lie beside, for 32 rows each: 16-bit floats as in the file, and small integers as bytes (the 6-bit ones
//! are widened to 8: 2.8 % more than the file for `Q4_K`).

use super::aligned::Aligned;
use super::block::Block;
use super::format::{Format, Scales};
use super::half_float::{is_finite, to_f32};
use super::{KernelError, Pool};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows of a panel.
pub(super) const PANEL: usize = 32;
/// Columns of a group.
pub(super) const GROUP: usize = 32;
/// Bytes of a group of a panel as they are multiplied, one a value.
pub(super) const GROUP_CODES: usize = PANEL * GROUP;
/// Bytes of 16-bit floats, one a row of the panel.
pub(super) const HALVES: usize = 2 * PANEL;

/// A quantised matrix in the layout above.
pub(super) struct Packed {
    pub(super) format: Format,
    pub(super) rows: usize,
    pub(super) columns: usize,
    codes: Aligned,
    scales: Aligned,
}

/// Bytes of codes of one group of a panel.
pub(super) fn group_bytes(bits: usize) -> usize {
    GROUP_CODES / 8 * bits
}

/// Bytes of scales of a panel for one block of columns.
pub(super) fn scale_bytes(scales: Scales) -> usize {
    match scales {
        Scales::Half => HALVES,
        Scales::HalfAndMinimum => 2 * HALVES,
        Scales::Super => 2 * HALVES + 8 * 2 * PANEL,
        Scales::SuperOf16 => HALVES + 16 * PANEL,
    }
}

impl Packed {
    /// Moves the bits of a GGUF matrix into panels; the last one is filled up with rows of zeros.
    pub(super) fn new(
        format: Format,
        bytes: &[u8],
        rows: usize,
        columns: usize,
    ) -> Result<Self, KernelError> {
        let (bits, _) = format.code().expect("only quantised formats are packed");
        let (panels, blocks) = (rows.div_ceil(PANEL), columns / format.block());
        let groups = columns / GROUP;
        let (panel_codes, panel_scales) = (
            groups * group_bytes(bits),
            blocks * scale_bytes(format.scales()),
        );
        let mut codes = Aligned::zeroed(panels * panel_codes);
        let mut scales = Aligned::zeroed(panels * panel_scales);
        let bad_row = AtomicUsize::new(usize::MAX);
        let targets: Vec<_> = codes
            .bytes_mut()
            .chunks_exact_mut(panel_codes.max(1))
            .zip(scales.bytes_mut().chunks_exact_mut(panel_scales.max(1)))
            .map(std::sync::Mutex::new)
            .collect();
        Pool::global().run(targets.len(), &|panel| {
            let mut target = targets[panel]
                .lock()
                .expect("a panel is packed by one thread, which does not panic");
            let (codes, scales) = &mut *target;
            let first = panel * PANEL;
            let rows = first..rows.min(first + PANEL);
            if let Err(row) = pack_panel(format, bytes, columns, rows, codes, scales) {
                bad_row.fetch_min(row, Ordering::Relaxed);
            }
        });
        drop(targets);
        match bad_row.into_inner() {
            usize::MAX => Ok(Self {
                format,
                rows,
                columns,
                codes,
                scales,
            }),
            row => Err(KernelError::NotFinite { row }),
        }
    }

    /// Codes of the groups `groups` of a panel.
    pub(super) fn codes(&self, panel: usize, groups: std::ops::Range<usize>) -> &[u8] {
        let (bits, _) = self.format.code().expect("packed matrices are quantised");
        let (size, first) = (group_bytes(bits), panel * (self.columns / GROUP));
        &self.codes.bytes()[(first + groups.start) * size..(first + groups.end) * size]
    }

    /// Scales of the blocks `blocks` of a panel.
    pub(super) fn scales(&self, panel: usize, blocks: std::ops::Range<usize>) -> &[u8] {
        let (size, first) = (
            scale_bytes(self.format.scales()),
            panel * (self.columns / self.format.block()),
        );
        &self.scales.bytes()[(first + blocks.start) * size..(first + blocks.end) * size]
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.codes.bytes().len() + self.scales.bytes().len()
    }
}

/// Packs the rows of one panel; `Err` names a row with a scale that is not finite.
fn pack_panel(
    format: Format,
    bytes: &[u8],
    columns: usize,
    rows: std::ops::Range<usize>,
    codes: &mut [u8],
    scales: &mut [u8],
) -> Result<(), usize> {
    let (bits, offset) = format.code().expect("only quantised formats are packed");
    let (block, block_bytes, blocks) = (
        format.block(),
        format.block_bytes(),
        columns / format.block(),
    );
    let groups = block / GROUP;
    let mut plain = vec![offset; groups * GROUP_CODES];
    let mut read = Block::empty();
    for index in 0..blocks {
        let scales =
            &mut scales[index * scale_bytes(format.scales())..][..scale_bytes(format.scales())];
        for (lane, row) in rows.clone().enumerate() {
            read.read(
                format,
                &bytes[(row * blocks + index) * block_bytes..][..block_bytes],
            );
            if !is_finite(read.scale) || !is_finite(read.minimum) {
                return Err(row);
            }
            for (quad, four) in read.codes[..block].chunks_exact(4).enumerate() {
                plain[quad * 4 * PANEL + lane * 4..][..4].copy_from_slice(four);
            }
            put_scales(format.scales(), &read, lane, scales);
        }
        for (group, plain) in plain.chunks_exact(GROUP_CODES).enumerate() {
            let at = (index * groups + group) * group_bytes(bits);
            squeeze(bits, plain, &mut codes[at..at + group_bytes(bits)]);
        }
    }
    Ok(())
}

fn put_scales(kind: Scales, block: &Block, lane: usize, out: &mut [u8]) {
    out[2 * lane..2 * lane + 2].copy_from_slice(&block.scale.to_le_bytes());
    match kind {
        Scales::Half => {}
        Scales::HalfAndMinimum => put_minimum(block, lane, out),
        Scales::Super => {
            put_minimum(block, lane, out);
            for group in 0..8 {
                out[2 * HALVES + 2 * PANEL * group + lane] = block.small_scales[group];
                out[2 * HALVES + 2 * PANEL * group + PANEL + lane] = block.small_minimums[group];
            }
        }
        Scales::SuperOf16 => {
            for (group, &scale) in block.small_scales.iter().enumerate() {
                out[HALVES + PANEL * group + lane] = scale;
            }
        }
    }
}

fn put_minimum(block: &Block, lane: usize, out: &mut [u8]) {
    out[HALVES + 2 * lane..HALVES + 2 * lane + 2].copy_from_slice(&block.minimum.to_le_bytes());
}

/// One group from a byte a value to the bits it needs.
fn squeeze(bits: usize, plain: &[u8], out: &mut [u8]) {
    if bits == 8 {
        out.copy_from_slice(plain);
        return;
    }
    let half = GROUP_CODES / 2;
    let (nibbles, high) = out.split_at_mut(half);
    for (index, byte) in nibbles.iter_mut().enumerate() {
        *byte = (plain[index] & 15) | ((plain[half + index] & 15) << 4);
    }
    let quad_bytes = 4 * PANEL;
    for (at, byte) in high.iter_mut().enumerate() {
        let (part, lane) = (at / quad_bytes, at % quad_bytes);
        *byte = match bits {
            5 => (0..8).fold(0, |word, quad| {
                word | (((plain[quad * quad_bytes + lane] >> 4) & 1) << quad)
            }),
            _ => (0..4).fold(0, |word, quad| {
                word | (((plain[(4 * part + quad) * quad_bytes + lane] >> 4) & 3) << (2 * quad))
            }),
        };
    }
}

impl Packed {
    /// The values of one row, exactly as the format defines them.
    pub(super) fn row(&self, row: usize, out: &mut [f32]) {
        let (bits, offset) = self.format.code().expect("packed matrices are quantised");
        let (panel, lane) = (row / PANEL, row % PANEL);
        let groups_of_block = self.format.block() / GROUP;
        for (group, values) in out.chunks_exact_mut(GROUP).enumerate() {
            let codes = self.codes(panel, group..group + 1);
            let block = group / groups_of_block;
            let scales = self.scales(panel, block..block + 1);
            for (column, value) in values.iter_mut().enumerate() {
                let code = code_at(bits, codes, column, lane);
                let signed = f32::from(i16::from(code) - i16::from(offset));
                *value = scaled(
                    self.format.scales(),
                    scales,
                    group % groups_of_block,
                    column,
                    lane,
                    signed,
                );
            }
        }
    }
}

fn code_at(bits: usize, codes: &[u8], column: usize, lane: usize) -> u8 {
    let (quad, quad_bytes, half) = (column / 4, 4 * PANEL, GROUP_CODES / 2);
    let in_quad = lane * 4 + column % 4;
    let at = quad * quad_bytes + in_quad;
    if bits == 8 {
        return codes[at];
    }
    let nibble = if at < half {
        codes[at] & 15
    } else {
        codes[at - half] >> 4
    };
    match bits {
        5 => nibble | (((codes[half + in_quad] >> quad) & 1) << 4),
        6 => {
            nibble
                | (((codes[half + quad / 4 * quad_bytes + in_quad] >> (2 * (quad % 4))) & 3) << 4)
        }
        _ => nibble,
    }
}

fn scaled(kind: Scales, scales: &[u8], group: usize, column: usize, lane: usize, code: f32) -> f32 {
    let half = |at: usize| {
        to_f32(u16::from_le_bytes([
            scales[at + 2 * lane],
            scales[at + 2 * lane + 1],
        ]))
    };
    match kind {
        Scales::Half => half(0) * code,
        Scales::HalfAndMinimum => half(0) * code + half(HALVES),
        Scales::Super => {
            let small = 2 * HALVES + 2 * PANEL * group + lane;
            half(0) * f32::from(scales[small]) * code
                - half(HALVES) * f32::from(scales[small + PANEL])
        }
        Scales::SuperOf16 => {
            let small = scales[HALVES + PANEL * (2 * group + column / 16) + lane];
            half(0) * f32::from(small.cast_signed()) * code
        }
    }
}
