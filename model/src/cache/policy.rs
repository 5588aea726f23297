//! What a head keeps after a pass.

use candle_core::Tensor;

use crate::Result;

/// What one key-value head of one layer holds of one sequence, after it has attended.
#[derive(Debug)]
pub struct Held<'a> {
    /// The layer, from 0.
    pub layer: usize,
    /// The key-value head, from 0.
    pub head: usize,
    /// The position of every entry, ascending.
    pub positions: &'a [usize],
    /// How many entries come from earlier passes; the others are of this one.
    pub past: usize,
    /// How many entries at the end are lent to this pass only, and will be dropped; see [`super::Heads::lend`].
    pub lent: usize,
    /// Rotated keys: `[entries, head_dim]`.
    pub keys: &'a Tensor,
    /// Values: `[entries, head_dim]`.
    pub values: &'a Tensor,
    /// This pass's queries of the group of query heads that share the head: `[group, rows, head_dim]`.
    pub queries: &'a Tensor,
    /// What scores are multiplied with.
    pub scale: f64,
}

/// Decides what heads keep.
pub trait Policy: Send {
    /// The indices of the entries to keep, ascending; `None` to keep all. Called after every pass, once a layer, head and sequence.
    fn keep(&mut self, held: &Held<'_>) -> Result<Option<Vec<usize>>>;
}

/// Keeps everything: full attention.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeepAll;

impl Policy for KeepAll {
    fn keep(&mut self, _: &Held<'_>) -> Result<Option<Vec<usize>>> {
        Ok(None)
    }
}

/// Some heads keep the first and the recent positions only (Xiao et al., `StreamingLLM`, arXiv 2309.17453), the others everything.
#[derive(Debug, Clone)]
pub struct SinkAndRecent {
    /// How many of the first positions are kept.
    pub sink: usize,
    /// How many of the last positions are kept.
    pub recent: usize,
    /// Whether each head does so, by layer and key-value head; heads that are not listed do.
    pub streaming: Vec<Vec<bool>>,
}

impl SinkAndRecent {
    /// All heads of all layers alike.
    pub fn everywhere(sink: usize, recent: usize) -> Self {
        Self {
            sink,
            recent,
            streaming: Vec::new(),
        }
    }
}

impl Policy for SinkAndRecent {
    fn keep(&mut self, held: &Held<'_>) -> Result<Option<Vec<usize>>> {
        let listed = self
            .streaming
            .get(held.layer)
            .and_then(|heads| heads.get(held.head));
        if listed == Some(&false) {
            return Ok(None);
        }
        let own = &held.positions[..held.positions.len() - held.lent];
        let seen = own.last().map_or(0, |last| last + 1);
        let kept = |position: usize| position < self.sink || position + self.recent >= seen;
        Ok(Some(
            (0..own.len()).filter(|&index| kept(own[index])).collect(),
        ))
    }
}
