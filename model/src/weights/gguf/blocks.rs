//! Turning stored blocks back into numbers, to the last bit as the `gguf` package and llama.cpp do.

use half::{bf16, f16};

use super::Format;

/// Appends the numbers of whole blocks.
pub(crate) fn dequantize(format: Format, bytes: &[u8], numbers: &mut Vec<f32>) {
    let blocks = bytes.chunks_exact(format.block_bytes());
    match format {
        Format::F32 => numbers.extend(blocks.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))),
        Format::F16 => numbers.extend(blocks.map(half)),
        Format::Bf16 => numbers.extend(blocks.map(|b| bf16::from_le_bytes([b[0], b[1]]).to_f32())),
        Format::Q4_0 => blocks.for_each(|block| {
            let scale = half(block);
            nibbles(&block[2..18], |low| {
                numbers.push(scale * (f32::from(low) - 8.0));
            });
        }),
        Format::Q4_1 => blocks.for_each(|block| {
            let (scale, minimum) = (half(block), half(&block[2..]));
            nibbles(&block[4..20], |low| {
                numbers.push(scale * f32::from(low) + minimum);
            });
        }),
        Format::Q5_0 => blocks.for_each(|block| {
            let scale = half(block);
            fifths(&block[2..6], &block[6..22], |five| {
                numbers.push(scale * (f32::from(five) - 16.0));
            });
        }),
        Format::Q5_1 => blocks.for_each(|block| {
            let (scale, minimum) = (half(block), half(&block[2..]));
            fifths(&block[4..8], &block[8..24], |five| {
                numbers.push(scale * f32::from(five) + minimum);
            });
        }),
        Format::Q8_0 => blocks.for_each(|block| {
            let scale = half(block);
            numbers.extend(
                block[2..34]
                    .iter()
                    .map(|byte| f32::from(byte.cast_signed()) * scale),
            );
        }),
        Format::Q4_K => blocks.for_each(|block| {
            let scales = Scales::of(block);
            for (pair, bytes) in block[16..144].chunks_exact(32).enumerate() {
                scales.push(2 * pair, bytes.iter().map(|byte| byte & 15), numbers);
                scales.push(2 * pair + 1, bytes.iter().map(|byte| byte >> 4), numbers);
            }
        }),
        Format::Q5_K => blocks.for_each(|block| {
            let scales = Scales::of(block);
            let high = &block[16..48];
            let bit = |index: usize, part: usize| ((high[index] >> part) & 1) << 4;
            for (pair, bytes) in block[48..176].chunks_exact(32).enumerate() {
                let (even, odd) = (2 * pair, 2 * pair + 1);
                scales.push(
                    even,
                    bytes
                        .iter()
                        .enumerate()
                        .map(|(i, byte)| byte & 15 | bit(i, even)),
                    numbers,
                );
                scales.push(
                    odd,
                    bytes
                        .iter()
                        .enumerate()
                        .map(|(i, byte)| byte >> 4 | bit(i, odd)),
                    numbers,
                );
            }
        }),
        Format::Q6_K => blocks.for_each(|block| six_bits(block, numbers)),
    }
}

/// The half-precision number at the front.
fn half(bytes: &[u8]) -> f32 {
    f16::from_le_bytes([bytes[0], bytes[1]]).to_f32()
}

/// The lower halves of all bytes, then the upper ones.
fn nibbles(bytes: &[u8], mut each: impl FnMut(u8)) {
    for byte in bytes {
        each(byte & 15);
    }
    for byte in bytes {
        each(byte >> 4);
    }
}

/// The same with a fifth bit from the 32 bits of `high`.
fn fifths(high: &[u8], bytes: &[u8], mut each: impl FnMut(u8)) {
    let mut index = 0;
    nibbles(bytes, |low| {
        let bit = (high[index / 8] >> (index % 8)) & 1;
        index += 1;
        each(low | bit << 4);
    });
}

/// The scales and minimums of the eight parts of a block of `Q4_K` or `Q5_K`.
struct Scales {
    scale: [f32; 8],
    minimum: [f32; 8],
}

impl Scales {
    /// Unpacks twelve bytes of 6-bit numbers behind two in half precision.
    fn of(block: &[u8]) -> Self {
        let (scale, minimum) = (half(block), half(&block[2..]));
        let packed = &block[4..16];
        let mut scales = Self {
            scale: [0.0; 8],
            minimum: [0.0; 8],
        };
        for part in 0..4 {
            let (first, second, rest) = (packed[part], packed[part + 4], packed[part + 8]);
            scales.scale[part] = scale * f32::from(first & 63);
            scales.minimum[part] = minimum * f32::from(second & 63);
            scales.scale[part + 4] = scale * f32::from(rest & 15 | (first >> 6) << 4);
            scales.minimum[part + 4] = minimum * f32::from(rest >> 4 | (second >> 6) << 4);
        }
        scales
    }

    fn push(&self, part: usize, stored: impl Iterator<Item = u8>, numbers: &mut Vec<f32>) {
        let (scale, minimum) = (self.scale[part], self.minimum[part]);
        numbers.extend(stored.map(|number| scale * f32::from(number) - minimum));
    }
}

/// 128 bytes of lower halves, 64 of upper quarters, 16 scales, and their scale.
fn six_bits(block: &[u8], numbers: &mut Vec<f32>) {
    let (low, high, scales) = (&block[..128], &block[128..192], &block[192..208]);
    let scale = half(&block[208..]);
    for index in 0..256 {
        // Each half of the block takes 64 bytes of `low` and 32 of `high`, in four runs of 32 numbers.
        let (part, run, column) = (index / 128, index % 128 / 32, index % 32);
        let low = low[64 * part + 32 * (run % 2) + column];
        let low = if run < 2 { low & 15 } else { low >> 4 };
        let high = (high[32 * part + column] >> (2 * run)) & 3;
        let number = f32::from(low | high << 4) - 32.0;
        numbers.push(scale * f32::from(scales[index / 16].cast_signed()) * number);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const GOLDEN: &str = include_str!("../../../tests/golden/blocks.json");

    #[test]
    fn every_format_gives_the_numbers_of_the_gguf_package_to_the_last_bit() {
        let golden: Value = serde_json::from_str(GOLDEN).unwrap();
        let mut checked = 0;
        for code in 0..64 {
            let Some(format) = Format::of_code(code) else {
                continue;
            };
            let entry = &golden[format!("{format:?}").to_uppercase()];
            let bytes = |key: &str| hex::decode(entry[key].as_str().unwrap()).unwrap();
            let mut numbers = Vec::new();
            dequantize(format, &bytes("stored"), &mut numbers);
            let found: Vec<u8> = numbers
                .iter()
                .flat_map(|number| number.to_le_bytes())
                .collect();
            assert_eq!(found, bytes("numbers"), "{format:?}");
            checked += 1;
        }
        assert_eq!(checked, 11);
    }
}
