//! A safe way to the `gemm` crate, which picks its instructions at run time: matrix products over views of slices.

use gemm::Parallelism;
use num_traits::Float;

/// The formats that are multiplied here.
pub(crate) trait Element: Float + 'static {}

impl Element for f32 {}
impl Element for f64 {}

/// A matrix within a slice: element `(i, j)` is at `i * row_stride + j * column_stride`.
#[derive(Clone, Copy)]
pub(crate) struct View<'a, T> {
    data: &'a [T],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, T> View<'a, T> {
    /// Rows that lie `row_stride` apart, each in one piece.
    pub(crate) fn new(data: &'a [T], rows: usize, columns: usize, row_stride: usize) -> Self {
        let view = Self {
            data,
            rows,
            columns,
            row_stride,
            column_stride: 1,
        };
        assert!(view.reach() <= data.len(), "a view stays within its slice");
        view
    }

    /// The transposed matrix.
    pub(crate) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// One more than the largest index.
    fn reach(&self) -> usize {
        if self.rows == 0 || self.columns == 0 {
            return 0;
        }
        (self.rows - 1) * self.row_stride + (self.columns - 1) * self.column_stride + 1
    }
}

/// `out = left right`, or `out += left right`; the rows of `out` lie `out_stride` apart.
pub(crate) fn multiply<T: Element>(
    out: &mut [T],
    out_stride: usize,
    left: View<'_, T>,
    right: View<'_, T>,
    add: bool,
    parallel: bool,
) {
    let (rows, columns, depth) = (left.rows, right.columns, left.columns);
    assert_eq!(depth, right.rows, "the inner sizes of a product agree");
    if rows == 0 || columns == 0 {
        return;
    }
    assert!(
        columns <= out_stride || rows == 1,
        "rows of the result do not overlap"
    );
    assert!(
        (rows - 1) * out_stride + columns <= out.len(),
        "the result has room"
    );
    let parallelism = if parallel {
        Parallelism::Rayon(0)
    } else {
        Parallelism::None
    };
    let stride =
        |stride: usize| isize::try_from(stride).expect("a slice is shorter than isize::MAX");
    // SAFETY: `View::new` checked that every element of both inputs lies in its slice (transposing moves none), the assertions
    // above did so for the result, whose rows do not overlap; the inputs are shared and the result is exclusive borrows, so
    // they are disjoint. `Element` is implemented by f32 and f64 only, which gemm knows.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            depth,
            out.as_mut_ptr(),
            1,
            stride(out_stride),
            add,
            left.data.as_ptr(),
            stride(left.column_stride),
            stride(left.row_stride),
            right.data.as_ptr(),
            stride(right.column_stride),
            stride(right.row_stride),
            T::one(),
            T::one(),
            false,
            false,
            false,
            parallelism,
        );
    }
}
