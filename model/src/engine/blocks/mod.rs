//! Bookkeeping of the blocks that keys and values are kept in.
//!
//! A block holds the same number of consecutive positions of one or more sequences. Full blocks are known by a hash of all tokens up
//! to their end, so that a request finds what earlier requests with the same beginning have left behind
//! (the automatic prefix cache of vLLM; the paging itself is Kwon et al., "Efficient Memory Management for Large Language Model
//! Serving with `PagedAttention`", SOSP 2023).

mod hash;
mod pool;
mod table;

pub use hash::BlockHash;
pub use pool::{BlockPool, Occupancy};
pub use table::{BlockTable, Shortage};
