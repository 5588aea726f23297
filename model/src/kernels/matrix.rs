//! Weight matrices as inference uses them.

use super::dense::Dense;
use super::error::{KernelError, expect_length};
use super::packed::Packed;
use super::product;
use super::{Activations, Format, Level, Pool};
use std::fmt;

/// A weight matrix, `rows` outputs by `columns` inputs, stored for fast products with rows of activations.
///
/// Quantised weights keep the file's own bits (moved into another order). A product rounds the activations to 8 bits
/// with a scale for 32 of them, as llama.cpp does; nothing else is lost but the rounding of f32 sums. With quantised
/// weights a row of activations gives the same bits alone and in a batch, with any number of threads; with 16 and 32 bits a weight its
/// sums may be added up in another order.
pub struct Matrix {
    format: Format,
    rows: usize,
    columns: usize,
    weights: Weights,
}

enum Weights {
    Packed(Packed),
    Dense(Dense),
}

impl Matrix {
    /// Takes over a matrix of a GGUF file: `bytes` are its rows, one after the other.
    pub fn from_gguf(
        format: Format,
        bytes: &[u8],
        rows: usize,
        columns: usize,
    ) -> Result<Self, KernelError> {
        let expected = format.bytes(rows, columns)?;
        if bytes.len() != expected {
            return Err(KernelError::Bytes {
                format,
                rows,
                columns,
                expected,
                found: bytes.len(),
            });
        }
        let weights = match format.code() {
            Some(_) => Weights::Packed(Packed::new(format, bytes, rows, columns)?),
            None => Weights::Dense(Dense::new(format, bytes, columns)?),
        };
        Ok(Self {
            format,
            rows,
            columns,
            weights,
        })
    }

    /// How many outputs.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many inputs.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The format of the file.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Bytes of memory that the weights take.
    pub fn bytes(&self) -> usize {
        match &self.weights {
            Weights::Packed(packed) => packed.bytes(),
            Weights::Dense(dense) => dense.bytes(),
        }
    }

    /// Whether products go through [`Activations`], which can then be made once for several matrices.
    pub fn is_quantized(&self) -> bool {
        matches!(self.weights, Weights::Packed(_))
    }

    /// `out[r][n] = Σ_k x[r][k] · w[n][k]` for `rows_of_x` rows: `x` is `[rows_of_x][columns]`, `out` is `[rows_of_x][rows]`.
    pub fn multiply(
        &self,
        x: &[f32],
        rows_of_x: usize,
        out: &mut [f32],
    ) -> Result<(), KernelError> {
        self.multiply_with(Level::best(), Pool::global(), x, rows_of_x, out)
    }

    /// The same with a level and a pool of one's own.
    pub fn multiply_with(
        &self,
        level: Level,
        pool: &Pool,
        x: &[f32],
        rows_of_x: usize,
        out: &mut [f32],
    ) -> Result<(), KernelError> {
        expect_length("the activations", rows_of_x * self.columns, x.len())?;
        expect_length("the result", rows_of_x * self.rows, out.len())?;
        match &self.weights {
            Weights::Packed(packed) => {
                let x = Activations::with(level, pool, x, rows_of_x, self.columns)?;
                product::multiply(level, pool, packed, &x, out);
            }
            Weights::Dense(dense) => dense.multiply(level, pool, x, self.columns, out),
        }
        Ok(())
    }

    /// The product with activations that are quantised already; the matrix must be, too.
    pub fn multiply_quantized(&self, x: &Activations, out: &mut [f32]) -> Result<(), KernelError> {
        expect_length("a row of activations", self.columns, x.columns())?;
        expect_length("the result", x.rows() * self.rows, out.len())?;
        let Weights::Packed(packed) = &self.weights else {
            return Err(KernelError::Shape {
                what: "a matrix of floats, which takes plain activations,",
                expected: 0,
                found: self.columns,
            });
        };
        product::multiply(Level::best(), Pool::global(), packed, x, out);
        Ok(())
    }

    /// The weights of one row, bit for bit what the format defines: the embedding of a token.
    pub fn row(&self, row: usize, out: &mut [f32]) -> Result<(), KernelError> {
        expect_length("the row", self.columns, out.len())?;
        if row >= self.rows {
            return Err(KernelError::Index {
                what: "row",
                index: row,
                count: self.rows,
            });
        }
        match &self.weights {
            Weights::Packed(packed) => packed.row(row, out),
            Weights::Dense(dense) => dense.row(row, out),
        }
        Ok(())
    }
}

impl fmt::Debug for Matrix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Matrix({:?}, {} x {})",
            self.format, self.rows, self.columns
        )
    }
}
