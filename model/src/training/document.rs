//! What is trained on: documents, and their packing into ragged batches.

use crate::{Batch, Error, Result, Wanted};

/// A sequence of tokens, with how much each counts as a target.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The tokens, with whatever begins and ends a text in this model.
    pub tokens: Vec<u32>,
    /// How much predicting each token counts: 0 for prompts and tool results, 1 for what is to be learnt. The first token's is
    /// not used, since nothing predicts it.
    pub weights: Vec<f32>,
}

impl Document {
    /// A document whose every token counts.
    pub fn plain(tokens: Vec<u32>) -> Self {
        let weights = vec![1.0; tokens.len()];
        Self { tokens, weights }
    }

    /// A document, checked: as many weights as tokens, none negative or infinite.
    pub fn weighted(tokens: Vec<u32>, weights: Vec<f32>) -> Result<Self> {
        if tokens.len() != weights.len() {
            let reason = format!(
                "a document has {} tokens and {} loss weights",
                tokens.len(),
                weights.len()
            );
            return Err(Error::Batch(reason));
        }
        match weights
            .iter()
            .find(|weight| !(weight.is_finite() && **weight >= 0.0))
        {
            Some(weight) => Err(Error::Batch(format!(
                "the loss weight {weight} is negative or no number"
            ))),
            None => Ok(Self { tokens, weights }),
        }
    }

    /// The weights of all targets together.
    pub fn weight(&self) -> f64 {
        self.weights
            .iter()
            .skip(1)
            .map(|&weight| f64::from(weight))
            .sum()
    }

    /// Pieces that fit a context, each beginning with the last token of the one before, so that every target is kept once.
    pub fn split(self, context: usize) -> Vec<Self> {
        if self.tokens.len() <= context || context < 2 {
            return vec![self];
        }
        let mut pieces = Vec::new();
        let mut start = 0;
        while start + 1 < self.tokens.len() {
            let end = (start + context).min(self.tokens.len());
            pieces.push(Self {
                tokens: self.tokens[start..end].to_vec(),
                weights: self.weights[start..end].to_vec(),
            });
            start = end - 1;
        }
        pieces
    }
}

/// Documents side by side, each seeing only itself, with the targets of the rows that count.
#[derive(Debug, Clone, PartialEq)]
pub struct Packed {
    /// The tokens; its wanted rows are those with a target that counts.
    pub batch: Batch,
    /// The target of each wanted row.
    pub targets: Vec<u32>,
    /// The loss weight of each wanted row, more than 0.
    pub weights: Vec<f32>,
}

impl Packed {
    /// Packs documents one after the other. `None` if no target counts.
    pub fn of(documents: &[&Document]) -> Option<Self> {
        let mut batch = Batch {
            tokens: Vec::new(),
            spans: Vec::new(),
            wanted: Wanted::All,
        };
        let (mut rows, mut targets, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        for (sequence, document) in documents.iter().enumerate() {
            // The last token predicts nothing that is there.
            let Some(inputs) = document
                .tokens
                .len()
                .checked_sub(1)
                .filter(|&inputs| inputs > 0)
            else {
                continue;
            };
            let first = batch.rows();
            batch.push(sequence, 0, &document.tokens[..inputs]);
            for index in 0..inputs {
                let weight = document.weights[index + 1];
                if weight > 0.0 {
                    rows.push(first + index);
                    targets.push(document.tokens[index + 1]);
                    weights.push(weight);
                }
            }
        }
        if rows.is_empty() {
            return None;
        }
        batch.wanted = if rows.len() == batch.rows() {
            Wanted::All
        } else {
            Wanted::Rows(rows)
        };
        Some(Self {
            batch,
            targets,
            weights,
        })
    }

    /// The weights of all targets together: what the loss of a step is divided by.
    pub fn weight(&self) -> f64 {
        self.weights.iter().map(|&weight| f64::from(weight)).sum()
    }
}

/// Groups documents into micro-batches of at most `tokens` tokens, in order; a longer document has one to itself.
pub fn pack(documents: &[&Document], tokens: usize) -> Vec<Packed> {
    let mut groups: Vec<Vec<&Document>> = Vec::new();
    let mut room = 0;
    for &document in documents {
        let size = document.tokens.len();
        match groups.last_mut() {
            Some(group) if size <= room => {
                room -= size;
                group.push(document);
            }
            _ => {
                groups.push(vec![document]);
                room = tokens.saturating_sub(size);
            }
        }
    }
    groups
        .iter()
        .filter_map(|group| Packed::of(group))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_token_of_a_document_never_predicts_the_first_of_the_next() {
        let documents = [Document::plain(vec![1, 2, 3]), Document::plain(vec![4, 5])];
        let packed = Packed::of(&documents.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!(packed.batch.tokens, [1, 2, 4]);
        assert_eq!(packed.targets, [2, 3, 5]);
        assert_eq!(packed.batch.wanted, Wanted::All);
        assert_eq!(
            packed
                .batch
                .spans
                .iter()
                .map(|span| span.rows.clone())
                .collect::<Vec<_>>(),
            [0..2, 2..3]
        );
    }

    #[test]
    fn tokens_without_weight_are_read_and_not_learnt() {
        let document = Document::weighted(vec![1, 2, 3, 4], vec![1.0, 0.0, 0.5, 1.0]).unwrap();
        let packed = Packed::of(&[&document]).unwrap();
        assert_eq!(packed.batch.wanted, Wanted::Rows(vec![1, 2]));
        assert_eq!(
            (packed.targets.as_slice(), packed.weights.as_slice()),
            (&[3, 4][..], &[0.5, 1.0][..])
        );
        assert!((packed.weight() - 1.5).abs() < 1e-12 && (document.weight() - 1.5).abs() < 1e-12);
    }

    #[test]
    fn micro_batches_keep_the_budget_and_lose_no_document() {
        let documents: Vec<Document> = [3, 4, 9, 2, 2]
            .into_iter()
            .map(|length| Document::plain(vec![7; length]))
            .collect();
        let packed = pack(&documents.iter().collect::<Vec<_>>(), 8);
        let spans: Vec<usize> = packed
            .iter()
            .map(|packed| packed.batch.spans.len())
            .collect();
        assert_eq!(spans, [2, 1, 2]);
    }

    #[test]
    fn a_long_document_is_split_so_that_every_target_stays_once() {
        let pieces = Document::plain((0..10).collect()).split(4);
        let targets: Vec<u32> = pieces
            .iter()
            .flat_map(|piece| piece.tokens[1..].to_vec())
            .collect();
        assert_eq!(targets, (1..10).collect::<Vec<_>>());
        assert!(pieces.iter().all(|piece| piece.tokens.len() <= 4));
    }

    #[test]
    fn documents_that_teach_nothing_are_no_batch() {
        let silent = Document::weighted(vec![1, 2], vec![1.0, 0.0]).unwrap();
        assert_eq!(
            Packed::of(&[&silent, &Document::plain(vec![5]), &Document::plain(vec![])]),
            None
        );
        assert!(Document::weighted(vec![1], vec![]).is_err());
        assert!(Document::weighted(vec![1], vec![f32::NAN]).is_err());
    }
}
