//! Guessing ahead by looking into the prompt: agents copy what they read.
//!
//! When the last tokens occurred before, what followed them then is guessed to follow again (prompt lookup decoding, Saxena 2023). The
//! model checks all guesses in one pass. Since every token is sampled from the model's own distribution with the chance of its
//! position, and a guess only survives if it equals what was sampled, the answer is the one that would have come without guessing.

use std::collections::HashMap;

/// Tokens that must have occurred before for a guess to be made.
const CONTEXT: usize = 3;

/// Finds earlier occurrences of the end of a growing sequence.
#[derive(Debug, Clone)]
pub(super) struct PromptLookup {
    /// Where each run of tokens was last followed by something.
    after: HashMap<[u32; CONTEXT], usize>,
    indexed: usize,
    width: usize,
    most: usize,
}

impl PromptLookup {
    /// Guesses at most `most` tokens at a time; 0 turns guessing off.
    pub(super) fn new(most: usize) -> Self {
        Self {
            after: HashMap::new(),
            indexed: CONTEXT,
            width: most.min(4),
            most,
        }
    }

    /// The tokens that may follow; empty without an earlier occurrence.
    pub(super) fn guess<'a>(&mut self, tokens: &'a [u32], room: usize) -> &'a [u32] {
        if self.most == 0 || tokens.len() < CONTEXT {
            return &[];
        }
        // The last run has no follower yet: it is looked up, not kept.
        while self.indexed < tokens.len() {
            let run = &tokens[self.indexed - CONTEXT..self.indexed];
            self.after.insert(key(run), self.indexed);
            self.indexed += 1;
        }
        match self.after.get(&key(&tokens[tokens.len() - CONTEXT..])) {
            None => &[],
            Some(&start) => {
                let end = (start + self.width.min(room)).min(tokens.len());
                &tokens[start..end]
            }
        }
    }

    /// Learns how many of the guesses were right: good ones are followed by longer ones.
    pub(super) fn learn(&mut self, guessed: usize, right: usize) {
        if guessed > 0 && right == guessed {
            self.width = (self.width * 2).min(self.most);
        } else if right * 2 < guessed {
            self.width = (self.width / 2).max(1);
        }
    }
}

fn key(run: &[u32]) -> [u32; CONTEXT] {
    std::array::from_fn(|index| run[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_followed_last_time_is_guessed() {
        let tokens = [1, 2, 3, 7, 8, 1, 2, 3, 9, 5, 1, 2, 3];
        let mut lookup = PromptLookup::new(8);
        assert_eq!(lookup.guess(&tokens, 8), [9, 5, 1, 2]);
        lookup.learn(4, 4);
        assert_eq!(lookup.guess(&tokens, 8), [9, 5, 1, 2, 3]);
        assert_eq!(lookup.guess(&tokens, 1), [9]);
        lookup.learn(8, 0);
        lookup.learn(4, 0);
        assert_eq!(lookup.guess(&tokens, 8), [9, 5]);
    }

    #[test]
    fn nothing_is_guessed_for_what_is_new_or_when_turned_off() {
        assert!(PromptLookup::new(8).guess(&[1, 2, 3, 4], 8).is_empty());
        assert!(PromptLookup::new(8).guess(&[1, 2], 8).is_empty());
        assert!(PromptLookup::new(0).guess(&[1, 1, 1, 1, 1], 8).is_empty());
    }
}
