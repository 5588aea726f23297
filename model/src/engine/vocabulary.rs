//! The bytes of every token: what text, stop strings, log-probabilities and grammars are made of.

use std::collections::HashMap;

use crate::Tokenizer;

/// The bytes that each token stands for.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    tokens: Vec<Entry>,
}

#[derive(Debug, Clone, Default)]
struct Entry {
    bytes: Box<[u8]>,
    special: bool,
}

impl Vocabulary {
    /// A vocabulary from the bytes of its tokens and whether each is a mark that is no text.
    pub fn new(tokens: impl IntoIterator<Item = (Vec<u8>, bool)>) -> Self {
        let entry = |(bytes, special): (Vec<u8>, bool)| Entry {
            bytes: bytes.into_boxed_slice(),
            special,
        };
        Self {
            tokens: tokens.into_iter().map(entry).collect(),
        }
    }

    /// The vocabulary of a tokenizer: byte-level ones as GPT-2 made them, or those with `▁` for spaces and `<0xAB>` for lone bytes.
    pub fn of(tokenizer: &Tokenizer) -> Self {
        let added = tokenizer.inner().get_added_tokens_decoder();
        let letters = byte_letters();
        let spellings: Vec<Option<String>> = (0..tokenizer.vocabulary())
            .map(|token| {
                u32::try_from(token)
                    .ok()
                    .and_then(|token| tokenizer.spelling(token))
            })
            .collect();
        // `Ġ` stands for a space in every byte-level vocabulary and in no other.
        let byte_level = spellings
            .iter()
            .flatten()
            .any(|spelling| spelling.starts_with('Ġ'));
        let bytes = |token: usize, spelling: &str| {
            if u32::try_from(token).is_ok_and(|token| added.contains_key(&token)) {
                spelling.as_bytes().to_vec()
            } else if byte_level {
                from_letters(spelling, &letters)
            } else {
                from_pieces(spelling)
            }
        };
        let entries = spellings.iter().enumerate().map(|(token, spelling)| {
            let special = u32::try_from(token)
                .ok()
                .and_then(|token| added.get(&token))
                .is_some_and(|added| added.special);
            let bytes = spelling
                .as_ref()
                .map_or_else(Vec::new, |spelling| bytes(token, spelling));
            (bytes, special)
        });
        Self::new(entries)
    }

    /// How many tokens are known; a model may have more logits than that.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether no token is known.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The bytes of a token; none for one that is not known.
    pub fn bytes(&self, token: u32) -> &[u8] {
        self.tokens
            .get(token as usize)
            .map_or(&[], |entry| &entry.bytes)
    }

    /// Whether a token is a mark (the end of a turn, say) and no text.
    pub fn is_special(&self, token: u32) -> bool {
        self.tokens
            .get(token as usize)
            .is_some_and(|entry| entry.special)
    }

    /// The bytes of a text's tokens, marks left out.
    pub fn text(&self, tokens: &[u32]) -> Vec<u8> {
        let text = tokens.iter().filter(|&&token| !self.is_special(token));
        text.flat_map(|&token| self.bytes(token)).copied().collect()
    }
}

/// The letters that stand for bytes in byte-level vocabularies (`bytes_to_unicode` of GPT-2's encoder.py).
fn byte_letters() -> HashMap<char, u8> {
    let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut next = 0x100;
    let mut letters = HashMap::with_capacity(256);
    for byte in 0..=u8::MAX {
        let letter = if printable(byte) {
            char::from(byte)
        } else {
            next += 1;
            char::from_u32(next - 1).unwrap_or_default()
        };
        letters.insert(letter, byte);
    }
    letters
}

fn from_letters(spelling: &str, letters: &HashMap<char, u8>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(spelling.len());
    for letter in spelling.chars() {
        match letters.get(&letter) {
            Some(&byte) => bytes.push(byte),
            None => bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

fn from_pieces(spelling: &str) -> Vec<u8> {
    let lone = spelling
        .strip_prefix("<0x")
        .and_then(|rest| rest.strip_suffix('>'))
        .filter(|digits| digits.len() == 2)
        .and_then(|digits| u8::from_str_radix(digits, 16).ok());
    match lone {
        Some(byte) => vec![byte],
        None => spelling.replace('▁', " ").into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_a_letter_of_its_own_and_a_space_is_the_known_one() {
        let letters = byte_letters();
        assert_eq!(letters.len(), 256);
        assert_eq!(letters[&'Ġ'], b' ');
        assert_eq!(letters[&'Ċ'], b'\n');
        assert_eq!(from_letters("Ġnaïve", &letters), b" na\xefve");
    }

    #[test]
    fn pieces_spell_spaces_and_lone_bytes() {
        assert_eq!(from_pieces("▁the"), b" the");
        assert_eq!(from_pieces("<0xE2>"), [0xe2]);
        assert_eq!(from_pieces("<0xE2"), b"<0xE2");
    }
}
