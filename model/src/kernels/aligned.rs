//! Bytes that start on a cache line, so that a 64-byte load never straddles two.

use memmap2::MmapMut;

/// One cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// From this size on memory comes in huge pages where the system gives them: fewer look-ups of addresses.
const HUGE: usize = 2 << 20;

/// A fixed number of zeroed bytes (or floats) whose first one is aligned to 64 bytes.
pub(super) struct Aligned {
    memory: Memory,
    length: usize,
}

enum Memory {
    Lines(Vec<Line>),
    Pages(MmapMut),
}

impl Aligned {
    /// `length` zero bytes.
    pub(super) fn zeroed(length: usize) -> Self {
        let pages = (length >= HUGE)
            .then(|| MmapMut::map_anon(length).ok())
            .flatten();
        let memory = match pages {
            Some(pages) => {
                advise_huge_pages(&pages);
                Memory::Pages(pages)
            }
            None => Memory::Lines(vec![Line([0; 64]); length.div_ceil(64)]),
        };
        Self { memory, length }
    }

    /// At least `length` bytes; what was there may be kept or lost.
    pub(super) fn reserve(&mut self, length: usize) {
        if length > self.length {
            *self = Self::zeroed(length);
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        let lines = match &self.memory {
            Memory::Lines(lines) => lines,
            Memory::Pages(pages) => return &pages[..self.length],
        };
        // SAFETY: `Line` is 64 initialised bytes without padding, and `length` was rounded up to whole lines.
        unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), self.length) }
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        let lines = match &mut self.memory {
            Memory::Lines(lines) => lines,
            Memory::Pages(pages) => return &mut pages[..self.length],
        };
        // SAFETY: as in `bytes`, and `self` is borrowed for as long as the slice lives.
        unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), self.length) }
    }

    /// The same memory as floats: any four bytes are one.
    pub(super) fn floats_mut(&mut self) -> &mut [f32] {
        let bytes = self.bytes_mut();
        // SAFETY: aligned to 64, every bit pattern is an f32, and the length is rounded down to whole ones.
        unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), bytes.len() / 4) }
    }
}

/// A wish: a system that refuses gives plain pages.
fn advise_huge_pages(pages: &MmapMut) {
    #[cfg(target_os = "linux")]
    let _ = pages.advise(memmap2::Advice::HugePage);
    #[cfg(not(target_os = "linux"))]
    let _ = pages;
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
