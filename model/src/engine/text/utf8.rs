//! Characters that arrive in pieces.

/// Turns pieces of bytes into text. A character whose bytes are not all there waits for the rest; bytes that can never become one turn
/// into U+FFFD, as many as `String::from_utf8_lossy` makes of the whole.
#[derive(Debug, Clone, Default)]
pub struct Utf8Stream {
    waiting: Vec<u8>,
}

impl Utf8Stream {
    /// Adds bytes and returns the text that they complete.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.waiting.extend_from_slice(bytes);
        let mut text = String::new();
        let mut taken = 0;
        while taken < self.waiting.len() {
            match std::str::from_utf8(&self.waiting[taken..]) {
                Ok(rest) => {
                    text.push_str(rest);
                    taken = self.waiting.len();
                }
                Err(error) => {
                    let valid = taken + error.valid_up_to();
                    text.push_str(&String::from_utf8_lossy(&self.waiting[taken..valid]));
                    taken = valid;
                    // Without a length the bytes may still become a character.
                    let Some(invalid) = error.error_len() else {
                        break;
                    };
                    text.push(char::REPLACEMENT_CHARACTER);
                    taken += invalid;
                }
            }
        }
        self.waiting.drain(..taken);
        text
    }

    /// The end of the text: U+FFFD for a character that was never finished.
    pub fn finish(&mut self) -> String {
        let rest = std::mem::take(&mut self.waiting);
        String::from_utf8_lossy(&rest).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_character_in_three_pieces_is_given_out_once_and_whole() {
        let mut stream = Utf8Stream::default();
        let bytes = "€".as_bytes();
        assert_eq!(stream.push(&bytes[..1]), "");
        assert_eq!(stream.push(&bytes[1..2]), "");
        assert_eq!(stream.push(&bytes[2..]), "€");
        assert_eq!(stream.finish(), "");
    }

    proptest! {
        #[test]
        fn any_bytes_cut_anywhere_become_the_text_of_the_whole(bytes: Vec<u8>, cuts: Vec<u8>) {
            let mut stream = Utf8Stream::default();
            let mut text = String::new();
            let mut rest = bytes.as_slice();
            for cut in cuts {
                let (piece, after) = rest.split_at(usize::from(cut % 4).min(rest.len()));
                text.push_str(&stream.push(piece));
                rest = after;
            }
            text.push_str(&stream.push(rest));
            text.push_str(&stream.finish());
            prop_assert_eq!(text, String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn every_text_survives_byte_by_byte(text: String) {
            let mut stream = Utf8Stream::default();
            let given: String = text.bytes().map(|byte| stream.push(&[byte])).collect();
            prop_assert_eq!(given, text);
        }
    }
}
