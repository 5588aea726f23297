//! 16-bit floats by integer operations, so that loops over them are vectorised without the F16C instructions.

/// The value of a finite 16-bit float. Normal numbers only need exponent and mantissa moved and the exponent raised by
/// 112; subnormal ones are small integers of 2⁻²⁴ (taking them through a subnormal f32 would cost a trap a number on
/// some processors, and scales of `Q6_K` are often subnormal). Infinity and NaN come out as large finite
/// numbers: they are refused where weights are loaded.
#[inline(always)]
pub(super) fn to_f32(bits: u16) -> f32 {
    const UNIT: f32 = f32::from_bits((127 - 24) << 23);
    let magnitude = u32::from(bits & 0x7fff);
    let normal = f32::from_bits((magnitude << 13) + (112 << 23));
    let subnormal = magnitude.cast_signed() as f32 * UNIT;
    let value = if magnitude < 0x400 { subnormal } else { normal };
    f32::from_bits(value.to_bits() | (u32::from(bits & 0x8000) << 16))
}

/// Whether the bits are those of a finite number.
pub(super) fn is_finite(bits: u16) -> bool {
    bits & 0x7c00 != 0x7c00
}

#[cfg(test)]
mod tests {
    use super::{is_finite, to_f32};

    #[test]
    fn every_finite_half_converts_exactly() {
        for bits in 0..=u16::MAX {
            let expected = half::f16::from_bits(bits);
            assert_eq!(is_finite(bits), expected.is_finite());
            if expected.is_finite() {
                assert_eq!(
                    to_f32(bits).to_bits(),
                    expected.to_f32().to_bits(),
                    "{bits:#x}"
                );
            }
        }
    }
}
