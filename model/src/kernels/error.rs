//! What kernels refuse.

use super::Format;
use thiserror::Error;

/// Why a kernel did not run. Shapes are checked before anything is read or written.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum KernelError {
    /// Rows of a quantised matrix are whole blocks.
    #[error(
        "{format:?} stores rows in blocks of {block} values, and {columns} columns are not a whole number of blocks"
    )]
    Columns {
        /// The format of the matrix.
        format: Format,
        /// Values in one block.
        block: usize,
        /// Columns asked for.
        columns: usize,
    },
    /// The data does not have the size of its shape.
    #[error(
        "a {format:?} matrix of {rows} rows and {columns} columns takes {expected} bytes, but {found} were given: the file is truncated or its header is wrong"
    )]
    Bytes {
        /// The format of the matrix.
        format: Format,
        /// Rows asked for.
        rows: usize,
        /// Columns asked for.
        columns: usize,
        /// Bytes that shape takes.
        expected: usize,
        /// Bytes there were.
        found: usize,
    },
    /// A weight or a scale of the file is infinite or not a number.
    #[error(
        "row {row} of the matrix holds a scale or weight that is infinite or not a number: the file is corrupt"
    )]
    NotFinite {
        /// The first such row.
        row: usize,
    },
    /// A slice does not have the size that the call's other arguments imply.
    #[error("{what} has {found} values where {expected} were expected")]
    Shape {
        /// The argument.
        what: &'static str,
        /// Values implied.
        expected: usize,
        /// Values given.
        found: usize,
    },
    /// An index lies outside.
    #[error("{what} {index} was asked for, but there are only {count}")]
    Index {
        /// What is counted.
        what: &'static str,
        /// The index.
        index: usize,
        /// How many there are.
        count: usize,
    },
}

/// Fails unless `found` is `expected`.
pub(super) fn expect_length(
    what: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), KernelError> {
    if expected == found {
        Ok(())
    } else {
        Err(KernelError::Shape {
            what,
            expected,
            found,
        })
    }
}
