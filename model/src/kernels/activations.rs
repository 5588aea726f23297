//! Rows of activations in 8 bits, a scale every 32 values: what llama.cpp calls `Q8_1`.
//!
//! Rounding is to the nearest of 255 levels of the group's largest magnitude, so each value is off by at most `max / 254`
//! of its group (for `Q4_K` and `Q6_K`, llama.cpp's scale covers 256 values: it is off by more).

use super::error::{KernelError, expect_length};
use super::level::{Level, for_every_level};
use super::packed::GROUP;
use super::pool::Pool;
use super::shared::Shared;

/// Quantised rows, made once and multiplied by several matrices (queries, keys and values; gate and up).
#[derive(Debug, Clone)]
pub struct Activations {
    rows: usize,
    columns: usize,
    /// `[rows][columns]`.
    pub(super) codes: Vec<i8>,
    /// `[rows][columns / 32]`: the value of one step.
    pub(super) scales: Vec<f32>,
    /// `[rows][columns / 32]`: sums of the group's values, for minimums.
    pub(super) sums: Vec<f32>,
    /// `[rows][columns / 16]`: sums of its halves.
    pub(super) half_sums: Vec<f32>,
}

impl Activations {
    /// Quantises `rows` rows of `columns` values, a multiple of 32. A row with a value that is infinite or not a
    /// number gets a scale that is not a number, so that products show it.
    pub fn new(values: &[f32], rows: usize, columns: usize) -> Result<Self, KernelError> {
        Self::with(Level::best(), Pool::global(), values, rows, columns)
    }

    /// The same with a level and a pool of one's own.
    pub fn with(
        level: Level,
        pool: &Pool,
        values: &[f32],
        rows: usize,
        columns: usize,
    ) -> Result<Self, KernelError> {
        expect_length("the activations", rows * columns, values.len())?;
        if !columns.is_multiple_of(GROUP) {
            return Err(KernelError::Shape {
                what: "a row of activations",
                expected: columns.next_multiple_of(GROUP),
                found: columns,
            });
        }
        let groups = columns / GROUP;
        let mut made = Self {
            rows,
            columns,
            codes: vec![0; rows * columns],
            scales: vec![0.0; rows * groups],
            sums: vec![0.0; rows * groups],
            half_sums: vec![0.0; 2 * rows * groups],
        };
        // About as many values as are worth handing to another thread.
        let rows_of_chunk = 32_768_usize.div_ceil(columns.max(1));
        let (codes, scales) = (Shared::new(&mut made.codes), Shared::new(&mut made.scales));
        let (sums, half_sums) = (
            Shared::new(&mut made.sums),
            Shared::new(&mut made.half_sums),
        );
        pool.run(rows.div_ceil(rows_of_chunk), &|chunk| {
            let first = chunk * rows_of_chunk;
            let last = rows.min(first + rows_of_chunk);
            // SAFETY: each chunk is run once and has rows of its own.
            let (codes, scales, sums, half_sums) = unsafe {
                (
                    codes.part(first * columns..last * columns),
                    scales.part(first * groups..last * groups),
                    sums.part(first * groups..last * groups),
                    half_sums.part(2 * first * groups..2 * last * groups),
                )
            };
            quantize(
                level,
                &values[first * columns..last * columns],
                codes,
                scales,
                sums,
                half_sums,
            );
        });
        Ok(made)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Values of a row.
    pub fn columns(&self) -> usize {
        self.columns
    }
}

for_every_level! {
    fn quantize(values: &[f32], codes: &mut [i8], scales: &mut [f32], sums: &mut [f32], half_sums: &mut [f32]) = quantize_body
}

#[inline(always)]
fn quantize_body<M>(
    values: &[f32],
    codes: &mut [i8],
    scales: &mut [f32],
    sums: &mut [f32],
    half_sums: &mut [f32],
) {
    let groups = values
        .as_chunks::<GROUP>()
        .0
        .iter()
        .zip(codes.as_chunks_mut::<GROUP>().0);
    for (index, (values, codes)) in groups.enumerate() {
        let (scale, halves) = quantize_group(values, codes);
        scales[index] = scale;
        half_sums[2 * index] = scale * halves[0] as f32;
        half_sums[2 * index + 1] = scale * halves[1] as f32;
        sums[index] = scale * (halves[0] + halves[1]) as f32;
    }
}

/// Returns the scale and the sums of codes of both halves.
#[inline(always)]
fn quantize_group(values: &[f32; GROUP], codes: &mut [i8; GROUP]) -> (f32, [i32; 2]) {
    /// Adding this to a small number leaves its nearest integer in the lowest bits of the sum.
    const ROUND: f32 = 12_582_912.0;
    let mut largest = [0.0_f32; 16];
    // Zero unless a value is infinite or not a number, which `max` would pass over.
    let mut poison = [0.0_f32; 16];
    for half in values.as_chunks::<16>().0 {
        for lane in 0..16 {
            let magnitude = half[lane].abs();
            largest[lane] = if magnitude > largest[lane] {
                magnitude
            } else {
                largest[lane]
            };
            poison[lane] += half[lane] * 0.0;
        }
    }
    let mut width = 8;
    while width > 0 {
        for lane in 0..width {
            let other = largest[lane + width];
            largest[lane] = if other > largest[lane] {
                other
            } else {
                largest[lane]
            };
            poison[lane] += poison[lane + width];
        }
        width /= 2;
    }
    // Below this the inverse would overflow; such values are zero beside anything that matters.
    let (scale, inverse) = if largest[0] > 1e-30 {
        (largest[0] / 127.0, 127.0 / largest[0])
    } else {
        (0.0, 0.0)
    };
    let mut halves = [0; 2];
    for half in 0..2 {
        let mut sum = 0;
        for index in 16 * half..16 * half + 16 {
            let code = (values[index] * inverse + ROUND).to_bits() as i8;
            codes[index] = code;
            sum += i32::from(code);
        }
        halves[half] = sum;
    }
    (scale + poison[0], halves)
}
