//! Reading what a command writes: always to the end, and never keeping more than allowed.

use std::collections::VecDeque;

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::{Error, Result, Stream};

/// Bytes read at a time.
const CHUNK: usize = 64 << 10;

/// Collects a stream's first and last bytes.
#[derive(Debug)]
pub(crate) struct Collector {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    head_limit: usize,
    tail_limit: usize,
    dropped: u64,
}

impl Collector {
    /// Keeps at most `limit` bytes: half of them from the beginning, half from the end.
    pub(crate) fn new(limit: usize) -> Self {
        let head_limit = limit.div_ceil(2);
        Self {
            head: Vec::new(),
            tail: VecDeque::new(),
            head_limit,
            tail_limit: limit - head_limit,
            dropped: 0,
        }
    }

    /// Takes the next bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let room = self.head_limit - self.head.len();
        let (first, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(first);
        // Of what is longer than the tail only the end can stay.
        let (skipped, rest) = rest.split_at(rest.len().saturating_sub(self.tail_limit));
        let excess = (self.tail.len() + rest.len()).saturating_sub(self.tail_limit);
        self.tail.drain(..excess);
        self.tail.extend(rest);
        self.dropped += (skipped.len() + excess) as u64;
    }

    /// What was kept.
    pub(crate) fn finish(mut self) -> Stream {
        if self.dropped == 0 {
            self.head.extend(self.tail.drain(..));
        }
        Stream {
            head: self.head,
            tail: self.tail.into(),
            dropped: self.dropped,
        }
    }
}

/// Reads to the end, keeping at most `limit` bytes.
pub(crate) async fn collect(mut source: impl AsyncRead + Unpin, limit: usize) -> Result<Stream> {
    let mut collector = Collector::new(limit);
    let mut chunk = vec![0; CHUNK];
    loop {
        let got = source.read(&mut chunk).await.map_err(|source| Error::Io {
            context: "reading the command's output".into(),
            source,
        })?;
        match got {
            0 => return Ok(collector.finish()),
            got => collector.push(&chunk[..got]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(limit: usize, pieces: &[&[u8]]) -> Stream {
        let mut collector = Collector::new(limit);
        for piece in pieces {
            collector.push(piece);
        }
        collector.finish()
    }

    #[test]
    fn what_fits_is_kept_whole() {
        let stream = collected(10, &[b"01234", b"56789"]);
        assert_eq!(stream.head, b"0123456789");
        assert_eq!((stream.tail.len(), stream.dropped), (0, 0));
    }

    #[test]
    fn one_byte_too_many_drops_one_byte_from_the_middle() {
        let stream = collected(10, &[b"0123456789X"]);
        assert_eq!(stream.head, b"01234");
        assert_eq!(stream.tail, b"6789X");
        assert_eq!(stream.dropped, 1);
    }

    #[test]
    fn the_pieces_in_which_bytes_come_do_not_matter() {
        let bytes: Vec<u8> = (0..=255).collect();
        let whole = collected(100, &[&bytes]);
        for size in 1..60 {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            assert_eq!(collected(100, &pieces), whole, "pieces of {size}");
        }
    }

    #[test]
    fn a_limit_of_nothing_keeps_nothing_and_counts_all() {
        let stream = collected(0, &[b"abc"]);
        assert_eq!(stream.dropped, 3);
        assert!(stream.head.is_empty() && stream.tail.is_empty());
    }
}
