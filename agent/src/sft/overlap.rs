//! Overlap with benchmarks by n-grams of words, as language models' training data is cleaned (Brown et al. 2020, arXiv
//! 2005.14165, appendix C: 13 words, lower case, no punctuation).

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};

/// The published number of words.
pub const WORDS: usize = 13;

/// Every run of so many words of given texts.
///
/// Runs are kept as 64-bit hashes: with 10 million of them, a chance collision is to be expected once in 10¹² look-ups.
#[derive(Clone, Debug)]
pub struct Overlap {
    words: usize,
    runs: HashSet<u64>,
    texts: usize,
    short: usize,
}

impl Overlap {
    /// Of no text yet; runs have `words` words, at least one.
    pub fn new(words: usize) -> Self {
        Self {
            words: words.max(1),
            runs: HashSet::new(),
            texts: 0,
            short: 0,
        }
    }

    /// Adds a benchmark's text. One with fewer words than a run has none.
    pub fn add(&mut self, text: &str) {
        let hashes = hashes(text);
        if hashes.len() < self.words {
            self.short += 1;
            return;
        }
        self.texts += 1;
        self.runs.reserve(hashes.len());
        self.runs.extend(hashes.windows(self.words).map(run));
    }

    /// Whether a text shares a run with those added.
    pub fn touches(&self, text: &str) -> bool {
        if self.runs.is_empty() {
            return false;
        }
        let hashes = hashes(text);
        let mut runs = hashes.windows(self.words).map(run);
        runs.any(|run| self.runs.contains(&run))
    }

    /// How many texts are compared with.
    pub fn texts(&self) -> usize {
        self.texts
    }

    /// How many texts were too short to compare with.
    pub fn short(&self) -> usize {
        self.short
    }
}

/// The words of a text, hashed: letters and digits, lower case.
fn hashes(text: &str) -> Vec<u64> {
    let words = text.split(|character: char| !character.is_alphanumeric());
    let hash = |word: &str| {
        let mut hasher = DefaultHasher::new();
        let letters = word.chars().flat_map(char::to_lowercase);
        letters.for_each(|letter| letter.hash(&mut hasher));
        hasher.finish()
    };
    words.filter(|word| !word.is_empty()).map(hash).collect()
}

fn run(words: &[u64]) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUE: &str = "When `total(3, 4)` is called the result is 7, but it should be 12 since prices are multiplied.";

    fn benchmark() -> Overlap {
        let mut overlap = Overlap::new(WORDS);
        overlap.add(ISSUE);
        overlap.add("too short to say anything");
        overlap
    }

    #[test]
    fn thirteen_words_in_a_row_are_an_overlap_whatever_stands_between_them() {
        let overlap = benchmark();
        assert!(overlap.touches(
            "Before. THE RESULT IS -- 7 -- but: it\nshould be 12, since prices are multiplied"
        ));
        assert!(overlap.touches(&format!("Héllo {ISSUE}")));
    }

    #[test]
    fn twelve_words_in_a_row_and_the_same_words_in_another_order_are_none() {
        let overlap = benchmark();
        assert!(!overlap.touches("result is 7, but it should be 12 since prices are multiplied"));
        let words: Vec<&str> = ISSUE.split(' ').collect();
        let turned: Vec<&str> = words.into_iter().rev().collect();
        assert!(!overlap.touches(&turned.join(" ")));
        assert!(!overlap.touches("") && !Overlap::new(0).touches("a"));
    }

    #[test]
    fn texts_that_are_too_short_are_counted_apart() {
        let overlap = benchmark();
        assert_eq!((overlap.texts(), overlap.short()), (1, 1));
        assert!(!overlap.touches("too short to say anything"));
    }
}
