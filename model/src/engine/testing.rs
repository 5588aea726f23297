//! A stand-in for a model in tests of the engine: arithmetic on the tokens that it finds in its blocks.

use std::sync::Arc;

use super::{BlockId, Engine, Model, Settings, Step, Vocabulary};
use crate::{Error, Result, Wanted};

/// The token that ends an answer in tests.
pub(crate) const END: u32 = 256;

/// The mark that stands before answers in tests.
pub(crate) const MARK: u32 = 257;

/// One token a byte, an end, and a mark.
pub(crate) fn bytes_vocabulary() -> Vocabulary {
    let bytes = (0..=u8::MAX).map(|byte| (vec![byte], false));
    Vocabulary::new(bytes.chain([(b"<end>".to_vec(), true), (b"<mark>".to_vec(), true)]))
}

/// Not a language model: logits are a hash of all tokens that the block table leads to. It keeps the tokens where a model keeps keys and
/// values, so a wrong block, a missing copy or a stale guess changes the answer.
#[derive(Debug, Default)]
pub(crate) struct ArithmeticModel {
    pub(crate) block_tokens: usize,
    pub(crate) context: usize,
    blocks: std::collections::HashMap<BlockId, Vec<Option<u32>>>,
    /// Fails every step that computes this token.
    pub(crate) poison: Option<u32>,
    /// Panics in every step that computes this token.
    pub(crate) panics: Option<u32>,
    /// Returns NaN for the row of this token.
    pub(crate) not_a_number: Option<u32>,
    /// Rows of the largest step so far.
    pub(crate) delay: std::time::Duration,
    /// Logits repeat with the position modulo this: answers with repetitions, for guessing.
    pub(crate) period: Option<usize>,
    /// What is written after the last mark, an end after it.
    pub(crate) script: Option<Vec<u8>>,
}

impl ArithmeticModel {
    pub(crate) const VOCABULARY: usize = 300;

    pub(crate) fn new(block_tokens: usize, context: usize) -> Self {
        Self {
            block_tokens,
            context,
            ..Self::default()
        }
    }

    /// The logits after these tokens.
    fn logits(&self, tokens: &[u32]) -> Vec<f32> {
        if let Some(script) = &self.script {
            let written = tokens.iter().rev().position(|&token| token == MARK);
            let next = script.get(written.unwrap_or(0));
            let next = next.map_or(END as usize, |&byte| usize::from(byte));
            let mut logits = vec![0.0; Self::VOCABULARY];
            logits[next] = 100.0;
            return logits;
        }
        let mut hash = 0x517c_c1b7_2722_0a95u64;
        let seen = match self.period {
            None => tokens,
            Some(period) => &tokens[tokens.len() - 1 - (tokens.len() - 1) % period..],
        };
        for &token in seen {
            hash = (hash ^ u64::from(token))
                .wrapping_mul(0x2545_f491_4f6c_dd1d)
                .rotate_left(23);
        }
        let logit = |token: usize| {
            // Letters, and now and then an end.
            let letter = (97..123).contains(&token);
            let mixed = (hash ^ (token as u64 + 1)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            let value = f32::from(u16::try_from(mixed % 1000).unwrap_or_default()) / 100.0;
            if letter { value } else { value - 8.0 }
        };
        (0..Self::VOCABULARY).map(logit).collect()
    }

    fn history(&self, table: &[BlockId], length: usize) -> Result<Vec<u32>> {
        let read = |position: usize| {
            let block = table.get(position / self.block_tokens)?;
            self.blocks.get(block)?[position % self.block_tokens]
        };
        (0..length)
            .map(|position| {
                read(position)
                    .ok_or_else(|| Error::Batch(format!("position {position} was never written")))
            })
            .collect()
    }
}

impl Model for ArithmeticModel {
    fn vocabulary(&self) -> usize {
        Self::VOCABULARY
    }

    fn context(&self) -> usize {
        self.context
    }

    fn step(&mut self, step: &Step<'_>) -> Result<Vec<f32>> {
        let batch = step.batch;
        batch.check(Self::VOCABULARY, self.context)?;
        std::thread::sleep(self.delay);
        for copy in step.copies {
            let contents = self
                .blocks
                .get(&copy.from)
                .cloned()
                .unwrap_or_else(|| vec![None; self.block_tokens]);
            self.blocks.insert(copy.to, contents);
        }
        if self
            .poison
            .is_some_and(|token| batch.tokens.contains(&token))
        {
            return Err(Error::Batch("poisoned".into()));
        }
        assert!(
            !self
                .panics
                .is_some_and(|token| batch.tokens.contains(&token)),
            "asked to panic"
        );
        for (span, table) in batch.spans.iter().zip(step.tables) {
            for (position, row) in (span.start..span.end()).zip(span.rows.clone()) {
                let block = table[position / self.block_tokens];
                let empty = || vec![None; self.block_tokens];
                self.blocks.entry(block).or_insert_with(empty)[position % self.block_tokens] =
                    Some(batch.tokens[row]);
            }
        }
        let Wanted::Rows(rows) = &batch.wanted else {
            return Err(Error::Batch("the engine names its rows".into()));
        };
        let mut logits = Vec::new();
        for &row in rows {
            let index = batch
                .spans
                .iter()
                .position(|span| span.rows.contains(&row))
                .expect("rows lie in spans");
            let span = &batch.spans[index];
            let history =
                self.history(&step.tables[index], span.start + row - span.rows.start + 1)?;
            let mut row_logits = self.logits(&history);
            if self.not_a_number == history.last().copied() {
                row_logits[5] = f32::NAN;
            }
            logits.extend(row_logits);
        }
        Ok(logits)
    }
}

/// Settings of a small engine.
pub(crate) fn small() -> Settings {
    Settings {
        block_tokens: 4,
        blocks: 64,
        step_tokens: 24,
        sequences: 8,
        guesses: 0,
        ends: vec![END],
        ..Settings::default()
    }
}

/// An engine over a stand-in.
pub(crate) fn engine(settings: Settings, change: impl FnOnce(&mut ArithmeticModel)) -> Engine {
    let mut model = ArithmeticModel::new(settings.block_tokens, 4096);
    change(&mut model);
    Engine::start(Box::new(model), Arc::new(bytes_vocabulary()), settings)
        .expect("threads can be started")
}
