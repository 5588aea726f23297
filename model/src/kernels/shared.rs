//! A slice whose disjoint parts are written by several threads.

use std::marker::PhantomData;
use std::ops::Range;

/// A mutable slice handed to the chunks of a loop.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a, T> {
    start: *mut T,
    length: usize,
    slice: PhantomData<&'a mut [T]>,
}

// SAFETY: parts are handed out by an unsafe function whose callers promise that no two overlap, so threads never meet.
unsafe impl<T: Send> Sync for Shared<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    pub(super) fn new(slice: &'a mut [T]) -> Self {
        Self {
            start: slice.as_mut_ptr(),
            length: slice.len(),
            slice: PhantomData,
        }
    }

    /// A part of the slice; panics outside of it.
    ///
    /// # Safety
    /// No other part that is alive may overlap with `range`.
    pub(super) unsafe fn part(&self, range: Range<usize>) -> &'a mut [T] {
        assert!(
            range.start <= range.end && range.end <= self.length,
            "a part lies within its slice"
        );
        // SAFETY: inside of the slice that is borrowed for 'a, and the caller promises that nobody else has this part.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}
