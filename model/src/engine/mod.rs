//! The batching engine: many requests, one model.
//!
//! In reading order: [`Model`] is what runs a step, [`Request`] and [`Event`] are what a client says and hears, [`blocks`] keeps account
//! of keys and values, `queue` and `scheduler` decide who is computed next, `worker` is the thread that computes, [`sampling`] and
//! [`grammar`] choose tokens, [`text`] turns them into what a client sees, and [`Engine`] is the door.

pub mod blocks;
pub mod grammar;
mod handle;
mod metrics;
mod model;
mod paged_decoder;
mod plan;
mod queue;
mod request;
pub mod sampling;
mod scheduler;
mod sequence;
mod settings;
mod speculation;
pub mod text;
mod vocabulary;
mod worker;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use blocks::{BlockPool, BlockTable, Occupancy, Shortage};
pub use grammar::{Constraint, GrammarState, Grammars, InvalidGrammar};
pub use handle::{Answer, Engine, Outcome};
pub use metrics::{BINS, Counter, Histogram, Metrics};
pub use model::{BlockCopy, BlockId, Model, Step};
pub use paged_decoder::PagedDecoder;
pub use request::{Done, Event, Reason, Request, RequestError, Token, Usage};
pub use sampling::{Alternative, InvalidSampling, LogProbs, Sampler, Sampling};
pub use settings::Settings;
pub use text::{StopStrings, Stopped, Utf8Stream};
pub use vocabulary::Vocabulary;
