//! Bytes that start on a cache line, so that a 64-byte load never straddles two.

/// One cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// A fixed number of zeroed bytes (or floats) whose first one is aligned to 64 bytes.
#[derive(Clone)]
pub(super) struct Aligned {
    lines: Vec<Line>,
    length: usize,
}

impl Aligned {
    /// `length` zero bytes.
    pub(super) fn zeroed(length: usize) -> Self {
        Self {
            lines: vec![Line([0; 64]); length.div_ceil(64)],
            length,
        }
    }

    /// At least `length` bytes; what was there may be kept or lost.
    pub(super) fn reserve(&mut self, length: usize) {
        if length > self.length {
            *self = Self::zeroed(length);
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: `Line` is 64 initialised bytes without padding, and `length` was rounded up to whole lines.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.length) }
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`, and `self` is borrowed for as long as the slice lives.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.length) }
    }

    /// The same memory as floats: any four bytes are one.
    pub(super) fn floats_mut(&mut self) -> &mut [f32] {
        // SAFETY: aligned to 64, every bit pattern is an f32, and the length is rounded down to whole ones.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.length / 4) }
    }
}

#[cfg(test)]
mod tests {
    use super::Aligned;

    #[test]
    fn starts_on_a_cache_line_and_is_as_long_as_asked() {
        for length in [0, 1, 63, 64, 65, 4097] {
            let mut memory = Aligned::zeroed(length);
            assert_eq!(memory.bytes().as_ptr() as usize % 64, 0);
            assert_eq!(memory.bytes().len(), length);
            memory.bytes_mut().fill(7);
            assert_eq!(memory.floats_mut().len(), length / 4);
        }
    }
}
