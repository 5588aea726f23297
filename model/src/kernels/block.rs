//! Taking one block of a GGUF row apart into plain integers and its scales.
//!
//! Bit positions are those of `ggml-common.h` and `dequantize_row_*` of llama.cpp's `ggml-quants.c`.

use super::Format;

/// A block as unsigned integers (`Q8_0`: the signed value plus 128) and scales.
///
/// A value is `d * small[i] * (code - offset)` with the minimum added or taken off as its format says.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// One integer a value; the first [`Format::block`] are filled.
    pub(super) codes: [u8; 256],
    /// Bits of the 16-bit scale of the block.
    pub(super) scale: u16,
    /// Bits of the 16-bit minimum (or its scale), 0 where the format has none.
    pub(super) minimum: u16,
    /// Small scales: 8 for groups of 32 (4 and 5 bits), or 16 signed bytes for groups of 16 (6 bits).
    pub(super) small_scales: [u8; 16],
    /// Small minimums of 8 groups.
    pub(super) small_minimums: [u8; 8],
}

impl Block {
    /// An empty block, to be filled by [`Block::read`].
    pub(super) fn empty() -> Self {
        Self {
            codes: [0; 256],
            scale: 0,
            minimum: 0,
            small_scales: [0; 16],
            small_minimums: [0; 8],
        }
    }

    /// Reads `bytes`, one block of a quantised `format`.
    pub(super) fn read(&mut self, format: Format, bytes: &[u8]) {
        let half = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        match format {
            Format::F32 | Format::F16 => {}
            Format::Q4_0 => {
                self.scale = half(0);
                low_and_high(&bytes[2..18], &mut self.codes[..32]);
            }
            Format::Q4_1 => {
                (self.scale, self.minimum) = (half(0), half(2));
                low_and_high(&bytes[4..20], &mut self.codes[..32]);
            }
            Format::Q5_0 => {
                self.scale = half(0);
                low_and_high(&bytes[6..22], &mut self.codes[..32]);
                fifth_bits([bytes[2], bytes[3], bytes[4], bytes[5]], &mut self.codes);
            }
            Format::Q5_1 => {
                (self.scale, self.minimum) = (half(0), half(2));
                low_and_high(&bytes[8..24], &mut self.codes[..32]);
                fifth_bits([bytes[4], bytes[5], bytes[6], bytes[7]], &mut self.codes);
            }
            Format::Q8_0 => {
                self.scale = half(0);
                for (code, &byte) in self.codes.iter_mut().zip(&bytes[2..34]) {
                    *code = byte ^ 0x80;
                }
            }
            Format::Q4K => {
                (self.scale, self.minimum) = (half(0), half(2));
                self.six_bit_scales(&bytes[4..16]);
                for (group, packed) in bytes[16..144].chunks_exact(32).enumerate() {
                    low_and_high(packed, &mut self.codes[64 * group..64 * (group + 1)]);
                }
            }
            Format::Q5K => {
                (self.scale, self.minimum) = (half(0), half(2));
                self.six_bit_scales(&bytes[4..16]);
                let high = &bytes[16..48];
                for (group, packed) in bytes[48..176].chunks_exact(32).enumerate() {
                    low_and_high(packed, &mut self.codes[64 * group..64 * (group + 1)]);
                }
                for (group, codes) in self.codes.chunks_exact_mut(32).enumerate() {
                    for (code, bits) in codes.iter_mut().zip(high) {
                        *code |= ((bits >> group) & 1) << 4;
                    }
                }
            }
            Format::Q6K => {
                self.scale = half(208);
                self.small_scales.copy_from_slice(&bytes[192..208]);
                for part in 0..2 {
                    let (low, high) = (
                        &bytes[64 * part..64 * (part + 1)],
                        &bytes[128 + 32 * part..160 + 32 * part],
                    );
                    low_and_high(low, &mut self.codes[128 * part..128 * (part + 1)]);
                    for quarter in 0..4 {
                        let codes = &mut self.codes
                            [128 * part + 32 * quarter..128 * part + 32 * (quarter + 1)];
                        for (code, bits) in codes.iter_mut().zip(high) {
                            *code |= ((bits >> (2 * quarter)) & 3) << 4;
                        }
                    }
                }
            }
        }
    }

    /// Eight 6-bit scales and eight 6-bit minimums in twelve bytes (`get_scale_min_k4`).
    fn six_bit_scales(&mut self, packed: &[u8]) {
        for group in 0..4 {
            self.small_scales[group] = packed[group] & 63;
            self.small_minimums[group] = packed[group + 4] & 63;
            self.small_scales[group + 4] = (packed[group + 8] & 15) | ((packed[group] >> 6) << 4);
            self.small_minimums[group + 4] =
                (packed[group + 8] >> 4) | ((packed[group + 4] >> 6) << 4);
        }
    }
}

/// The low halves of the bytes first, then the high halves.
fn low_and_high(packed: &[u8], codes: &mut [u8]) {
    let (low, high) = codes.split_at_mut(packed.len());
    for ((low, high), byte) in low.iter_mut().zip(high).zip(packed) {
        *low = byte & 15;
        *high = byte >> 4;
    }
}

/// Bit `i` of a little-endian word is the fifth bit of value `i`.
fn fifth_bits(word: [u8; 4], codes: &mut [u8; 256]) {
    let word = u32::from_le_bytes(word);
    for (index, code) in codes[..32].iter_mut().enumerate() {
        *code |= u8::from((word >> index) & 1 == 1) << 4;
    }
}
