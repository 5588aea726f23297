//! A safe way to the `gemm` crate, which picks its instructions at run time and runs at the pace of f32 arithmetic.

/// A matrix of floats in a slice.
#[derive(Clone, Copy)]
pub(super) struct Operand<'a> {
    pub(super) values: &'a [f32],
    pub(super) row_stride: usize,
    pub(super) column_stride: usize,
}

impl Operand<'_> {
    /// Panics unless a matrix of this shape lies inside of the slice.
    fn check(&self, rows: usize, columns: usize) {
        if rows > 0 && columns > 0 {
            let last = (rows - 1) * self.row_stride + (columns - 1) * self.column_stride;
            assert!(last < self.values.len(), "an operand lies within its slice");
        }
    }
}

/// `out = a · b`, or `out += a · b`, on this thread; `out` is dense, `width` columns wide, `depth` is what is summed over.
pub(super) fn product(
    a: Operand<'_>,
    b: Operand<'_>,
    depth: usize,
    out: &mut [f32],
    width: usize,
    add: bool,
) {
    if width == 0 {
        return;
    }
    let rows = out.len() / width;
    a.check(rows, depth);
    b.check(depth, width);
    let signed = |value: usize| isize::try_from(value).expect("strides are shorter than slices");
    // SAFETY: both operands were checked to lie within their slices, `out` holds `rows * width` values and, being borrowed
    // mutably, overlaps with neither.
    unsafe {
        gemm::gemm(
            rows,
            width,
            depth,
            out.as_mut_ptr(),
            1,
            signed(width),
            add,
            a.values.as_ptr(),
            signed(a.column_stride),
            signed(a.row_stride),
            b.values.as_ptr(),
            signed(b.column_stride),
            signed(b.row_stride),
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
