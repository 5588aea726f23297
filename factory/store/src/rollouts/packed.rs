//! JSON as it is stored: deflated. Trajectories repeat themselves, and Postgres' own compression sees one value at a time.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

/// Packs bytes. Fast rather than small: steps are written while agents wait.
pub(super) fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::with_capacity(bytes.len() / 3), Compression::fast());
    encoder
        .write_all(bytes)
        .expect("writing to memory does not fail");
    encoder.finish().expect("writing to memory does not fail")
}

/// Unpacks what [`pack`] made.
pub(super) fn unpack(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::with_capacity(bytes.len() * 3);
    ZlibDecoder::new(bytes).read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_smaller_and_comes_back_byte_for_byte() {
        let text = "def f(x):\n    return x + 1\0\n".repeat(100);
        let packed = pack(text.as_bytes());
        assert!(packed.len() < text.len() / 10, "{}", packed.len());
        assert_eq!(unpack(&packed).unwrap(), text.as_bytes());
    }

    #[test]
    fn bytes_that_were_not_packed_are_an_error() {
        assert!(unpack(b"no deflated text").is_err());
    }
}
