//! How GGUF stores numbers.

use crate::kernels;

/// The storage format of a tensor, by ggml's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    non_camel_case_types,
    reason = "these are the names that the field uses"
)]
pub enum Format {
    /// Single precision.
    F32,
    /// Half precision.
    F16,
    /// The upper half of single precision.
    Bf16,
    /// 32 numbers of 4 bits with a scale.
    Q4_0,
    /// 32 numbers of 4 bits with a scale and a minimum.
    Q4_1,
    /// 32 numbers of 5 bits with a scale.
    Q5_0,
    /// 32 numbers of 5 bits with a scale and a minimum.
    Q5_1,
    /// 32 numbers of 8 bits with a scale.
    Q8_0,
    /// 256 numbers of 4 bits, with scales and minimums of 6 bits for 32 each.
    Q4_K,
    /// 256 numbers of 5 bits, with scales and minimums of 6 bits for 32 each.
    Q5_K,
    /// 256 numbers of 6 bits, with scales of 8 bits for 16 each.
    Q6_K,
}

impl Format {
    /// The format of ggml's number for it.
    pub(super) fn of_code(code: u32) -> Option<Self> {
        Some(match code {
            0 => Self::F32,
            1 => Self::F16,
            2 => Self::Q4_0,
            3 => Self::Q4_1,
            6 => Self::Q5_0,
            7 => Self::Q5_1,
            8 => Self::Q8_0,
            12 => Self::Q4_K,
            13 => Self::Q5_K,
            14 => Self::Q6_K,
            30 => Self::Bf16,
            _ => return None,
        })
    }

    /// How many numbers make a block.
    pub fn block_length(self) -> usize {
        match self {
            Self::F32 | Self::F16 | Self::Bf16 => 1,
            Self::Q4_0 | Self::Q4_1 | Self::Q5_0 | Self::Q5_1 | Self::Q8_0 => 32,
            Self::Q4_K | Self::Q5_K | Self::Q6_K => 256,
        }
    }

    /// How many bytes a block takes.
    pub fn block_bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::Q4_0 => 18,
            Self::Q4_1 => 20,
            Self::Q5_0 => 22,
            Self::Q5_1 => 24,
            Self::Q8_0 => 34,
            Self::Q4_K => 144,
            Self::Q5_K => 176,
            Self::Q6_K => 210,
        }
    }

    /// The kernels' name for a quantised format; `None` for plain numbers.
    pub(super) fn kernel(self) -> Option<kernels::Format> {
        Some(match self {
            Self::F32 | Self::F16 | Self::Bf16 => return None,
            Self::Q4_0 => kernels::Format::Q4_0,
            Self::Q4_1 => kernels::Format::Q4_1,
            Self::Q5_0 => kernels::Format::Q5_0,
            Self::Q5_1 => kernels::Format::Q5_1,
            Self::Q8_0 => kernels::Format::Q8_0,
            Self::Q4_K => kernels::Format::Q4K,
            Self::Q5_K => kernels::Format::Q5K,
            Self::Q6_K => kernels::Format::Q6K,
        })
    }
}
