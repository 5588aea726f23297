//! Where keys and values are kept between forward passes.
//!
//! A cache stores keys and values *and* computes attention over them, because the layouts differ: contiguous rows, blocks that
//! sequences share, or different rows for each head.

mod account;
mod attention;
mod batched;
mod contiguous;
mod fast;
mod heads;
mod none;
mod paged;
mod policy;
mod pool;

pub use account::Account;
use candle_core::Tensor;
pub use contiguous::Contiguous;
pub use heads::Heads;
pub use none::NoCache;
pub use paged::Paged;
pub use policy::{Held, KeepAll, Policy, SinkAndRecent};
pub use pool::BlockId;

use crate::{Batch, Result, Taps};

/// One layer's attention over one batch.
#[derive(Debug, Clone, Copy)]
pub struct Attend<'a> {
    /// The layer, from 0.
    pub layer: usize,
    /// `[rows, heads, head_dim]`, normed and rotated.
    pub query: &'a Tensor,
    /// `[rows, key_value_heads, head_dim]`, normed and rotated.
    pub key: &'a Tensor,
    /// `[rows, key_value_heads, head_dim]`.
    pub value: &'a Tensor,
    /// Which rows are whose.
    pub batch: &'a Batch,
    /// What scores are multiplied with.
    pub scale: f64,
    /// A row sees this many positions, itself included; `None` for all before it.
    pub window: Option<usize>,
}

/// Keys and values of many sequences.
///
/// A forward pass calls [`Cache::prepare`], then [`Cache::attend`] once a layer, then [`Cache::advance`]. A pass that fails before the
/// last leaves the lengths as they were, so it may be repeated. A span may start before the end of its sequence: what was kept
/// from that position on is given up, which is how rejected guesses are taken back.
pub trait Cache: Send {
    /// Makes room for the batch, or says that there is none before anything is changed.
    fn prepare(&mut self, batch: &Batch) -> Result<()>;

    /// Keeps the batch's keys and values of one layer, and returns what its queries read: `[rows, heads, head_dim]`.
    fn attend(&mut self, call: &Attend<'_>, taps: &mut dyn Taps) -> Result<Tensor>;

    /// Called after the last layer: the batch's rows are part of their sequences now.
    fn advance(&mut self, batch: &Batch) -> Result<()>;

    /// How many tokens of a sequence have been seen, kept or not; 0 for an unknown sequence.
    fn length(&self, sequence: usize) -> usize;

    /// Forgets a sequence; unknown ones are no error.
    fn release(&mut self, sequence: usize);

    /// What the cache holds now.
    fn footprint(&self) -> Footprint;
}

/// What a cache holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Key-value pairs held: one a layer, head and position. Shared ones count once.
    pub entries: u64,
    /// Bytes of keys and values in use.
    pub bytes: u64,
    /// Bytes set aside, used or not.
    pub reserved_bytes: u64,
}
