//! The frames of the record channel: length, sequence number, body, authentication code.
//!
//! The shapes of both directions are described in `plugin/swemill_channel.py`.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes of a channel's key.
pub const KEY_BYTES: usize = 32;

/// No record comes near this length: ids are source text and failures' texts are bounded.
const MAX_BODY_BYTES: usize = 16 << 20;
const HEAD_BYTES: usize = 12;
const CODE_BYTES: usize = 16;

/// The bodies of a channel's frames, and how the stream ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Frames<'a> {
    /// Every body that was proven to come from the plugin, in order.
    pub bodies: Vec<&'a [u8]>,
    /// What stands behind them.
    pub end: StreamEnd,
}

/// How a stream of frames ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// After a whole frame.
    Clean,
    /// In a frame: the process died while it wrote.
    Cut,
    /// With bytes that the plugin did not write, at this offset.
    Forged(usize),
}

/// What the plugin is sent before it starts.
pub fn greeting(key: &[u8; KEY_BYTES], request: &[u8]) -> Vec<u8> {
    let length =
        u32::try_from(request.len()).expect("a request is far smaller than four gigabytes");
    [&length.to_be_bytes(), key.as_slice(), request].concat()
}

/// Takes a channel's bytes apart. Stops at the first that are not the plugin's.
pub fn read<'a>(bytes: &'a [u8], key: &[u8; KEY_BYTES]) -> Frames<'a> {
    let keyed = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    let mut bodies = Vec::new();
    let mut offset = 0;
    let end = loop {
        let rest = &bytes[offset..];
        if rest.is_empty() {
            break StreamEnd::Clean;
        }
        let Some((head, behind)) = rest.split_first_chunk::<HEAD_BYTES>() else {
            break StreamEnd::Cut;
        };
        let (length, sequence) = parse_head(head);
        if sequence != bodies.len() as u64 || length > MAX_BODY_BYTES {
            break StreamEnd::Forged(offset);
        }
        if behind.len() < length + CODE_BYTES {
            break StreamEnd::Cut;
        }
        let (body, code) = (&behind[..length], &behind[length..length + CODE_BYTES]);
        let mut mac = keyed.clone();
        mac.update(head);
        mac.update(body);
        if mac.verify_truncated_left(code).is_err() {
            break StreamEnd::Forged(offset);
        }
        bodies.push(body);
        offset += HEAD_BYTES + length + CODE_BYTES;
    };
    Frames { bodies, end }
}

fn parse_head(head: &[u8; HEAD_BYTES]) -> (usize, u64) {
    let [l0, l1, l2, l3, sequence @ ..] = *head;
    (
        u32::from_be_bytes([l0, l1, l2, l3]) as usize,
        u64::from_be_bytes(sequence),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; KEY_BYTES] = [7; KEY_BYTES];

    fn frame(sequence: u64, body: &[u8], key: &[u8]) -> Vec<u8> {
        let mut bytes = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
        bytes.extend(sequence.to_be_bytes());
        bytes.extend(body);
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(&bytes);
        bytes.extend(&mac.finalize().into_bytes()[..CODE_BYTES]);
        bytes
    }

    #[test]
    fn whole_frames_come_out_in_order() {
        let bytes = [frame(0, b"one", &KEY), frame(1, b"", &KEY)].concat();
        let frames = read(&bytes, &KEY);
        assert_eq!(frames.bodies, [b"one".as_slice(), b""]);
        assert_eq!(frames.end, StreamEnd::Clean);
    }

    #[test]
    fn a_stream_may_be_cut_anywhere_and_keeps_its_whole_frames() {
        let whole = [frame(0, b"one", &KEY), frame(1, b"two", &KEY)].concat();
        let first = frame(0, b"one", &KEY).len();
        for length in first + 1..whole.len() {
            let frames = read(&whole[..length], &KEY);
            assert_eq!(
                (frames.bodies.len(), frames.end),
                (1, StreamEnd::Cut),
                "cut at {length}"
            );
        }
    }

    #[test]
    fn a_frame_of_another_key_is_forged() {
        let bytes = [frame(0, b"one", &KEY), frame(1, b"two", &[8; 32])].concat();
        assert_eq!(
            read(&bytes, &KEY).end,
            StreamEnd::Forged(frame(0, b"one", &KEY).len())
        );
    }

    #[test]
    fn a_frame_sent_twice_is_forged() {
        let bytes = [frame(0, b"one", &KEY), frame(0, b"one", &KEY)].concat();
        assert!(matches!(read(&bytes, &KEY).end, StreamEnd::Forged(_)));
    }

    #[test]
    fn text_on_the_channel_is_forged() {
        let bytes = [frame(0, b"one", &KEY), b"{\"record\": \"finish\"}".to_vec()].concat();
        let frames = read(&bytes, &KEY);
        assert_eq!(frames.bodies.len(), 1);
        assert!(matches!(frames.end, StreamEnd::Forged(_)));
    }

    #[test]
    fn a_length_that_would_swallow_the_rest_is_forged() {
        let head = [u32::MAX.to_be_bytes().as_slice(), &1_u64.to_be_bytes()].concat();
        let bytes = [frame(0, b"one", &KEY), head, frame(1, b"two", &KEY)].concat();
        assert!(matches!(read(&bytes, &KEY).end, StreamEnd::Forged(_)));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_at_all_pass_without_the_key(start: [u8; 4], rest: Vec<u8>, zeros: bool) {
            // With zeros the head is one that could be: the first sequence number, a small length.
            let head = if zeros { [0, 0, 0, start[3] % 8, 0, 0, 0, 0, 0, 0, 0, 0].to_vec() } else { start.to_vec() };
            let bytes = [head, rest].concat();
            proptest::prop_assert!(read(&bytes, &KEY).bodies.is_empty());
        }

        #[test]
        fn every_body_comes_back(bodies: Vec<Vec<u8>>) {
            let frames: Vec<_> = bodies.iter().enumerate().map(|(n, body)| frame(n as u64, body, &KEY)).collect();
            let bytes = frames.concat();
            let read = read(&bytes, &KEY);
            proptest::prop_assert_eq!(read.bodies, bodies);
            proptest::prop_assert_eq!(read.end, StreamEnd::Clean);
        }
    }

    #[test]
    fn a_changed_bit_anywhere_in_a_whole_frame_is_never_accepted() {
        let whole = frame(0, b"one", &KEY);
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&bytes, &KEY).bodies.is_empty(), "bit {bit}");
        }
    }
}
