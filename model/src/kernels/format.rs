//! The storage formats of GGUF matrices, as llama.cpp's `ggml-common.h` lays them out.

use super::error::KernelError;

/// How a matrix is stored in a GGUF file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// 32-bit floats.
    F32,
    /// 16-bit floats of IEEE 754.
    F16,
    /// 4 bits, a scale every 32: `d (q - 8)`.
    Q4_0,
    /// 4 bits, a scale and a minimum every 32: `d q + m`.
    Q4_1,
    /// 5 bits, a scale every 32: `d (q - 16)`.
    Q5_0,
    /// 5 bits, a scale and a minimum every 32: `d q + m`.
    Q5_1,
    /// 8 bits, a scale every 32: `d q`.
    Q8_0,
    /// 4 bits, 6-bit scale and minimum every 32, both scaled every 256: `d s q - d' s'`.
    Q4K,
    /// 5 bits, otherwise as [`Format::Q4K`].
    Q5K,
    /// 6 bits, an 8-bit scale every 16, scaled every 256: `d s (q - 32)`.
    Q6K,
}

/// How the scales of a quantised format come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scales {
    /// A 16-bit float for 32 values.
    Half,
    /// Two 16-bit floats for 32 values: scale and minimum.
    HalfAndMinimum,
    /// Two small integers for 32 values, times two 16-bit floats for 256.
    Super,
    /// A signed byte for 16 values, times a 16-bit float for 256.
    SuperOf16,
}

impl Format {
    /// Every format, for tests and listings.
    pub const ALL: [Self; 10] = [
        Self::F32,
        Self::F16,
        Self::Q4_0,
        Self::Q4_1,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q8_0,
        Self::Q4K,
        Self::Q5K,
        Self::Q6K,
    ];

    /// Values in one block of a row.
    pub fn block(self) -> usize {
        match self {
            Self::F32 | Self::F16 => 1,
            Self::Q4_0 | Self::Q4_1 | Self::Q5_0 | Self::Q5_1 | Self::Q8_0 => 32,
            Self::Q4K | Self::Q5K | Self::Q6K => 256,
        }
    }

    /// Bytes of one block.
    pub fn block_bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
            Self::Q4_0 => 18,
            Self::Q4_1 => 20,
            Self::Q5_0 => 22,
            Self::Q5_1 => 24,
            Self::Q8_0 => 34,
            Self::Q4K => 144,
            Self::Q5K => 176,
            Self::Q6K => 210,
        }
    }

    /// Bytes of a matrix of this shape; checks that rows are whole blocks.
    pub fn bytes(self, rows: usize, columns: usize) -> Result<usize, KernelError> {
        let block = self.block();
        if !columns.is_multiple_of(block) {
            return Err(KernelError::Columns {
                format: self,
                block,
                columns,
            });
        }
        Ok(rows.saturating_mul((columns / block).saturating_mul(self.block_bytes())))
    }

    /// Bits of one stored integer, and what is taken off it to get the signed value; `None` for floats.
    pub(super) fn code(self) -> Option<(usize, u8)> {
        match self {
            Self::F32 | Self::F16 => None,
            Self::Q4_0 => Some((4, 8)),
            Self::Q4_1 | Self::Q4K => Some((4, 0)),
            Self::Q5_0 => Some((5, 16)),
            Self::Q5_1 | Self::Q5K => Some((5, 0)),
            Self::Q6K => Some((6, 32)),
            Self::Q8_0 => Some((8, 128)),
        }
    }

    /// Columns that have a scale of their own.
    pub(super) fn part(self) -> usize {
        if self == Self::Q6K { 16 } else { 32 }
    }

    /// How its scales are stored; floats have none and say `Half`, which nothing reads.
    pub(super) fn scales(self) -> Scales {
        match self {
            Self::F32 | Self::F16 | Self::Q4_0 | Self::Q5_0 | Self::Q8_0 => Scales::Half,
            Self::Q4_1 | Self::Q5_1 => Scales::HalfAndMinimum,
            Self::Q4K | Self::Q5K => Scales::Super,
            Self::Q6K => Scales::SuperOf16,
        }
    }
}
