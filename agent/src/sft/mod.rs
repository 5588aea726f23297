//! Supervised fine-tuning: which attempts are worth learning from, and the rows that trainers read.
//!
//! Rejection sampling as SWE-smith does it (arXiv 2504.21798, section 4): attempts that the hidden tests pass, a few an
//! instance. [`Selection`] takes attempts in the order of their worth and either makes a [`Row`] of one or says why not;
//! [`Summary`] counts both. [`overlap`] and [`names`] keep benchmarks out, [`split`] keeps repositories on one side.

pub mod names;
pub mod overlap;
mod patches;
mod reason;
mod row;
mod selection;
pub mod split;
mod summary;

pub use overlap::Overlap;
pub use reason::Reason;
pub use row::{ChatCall, ChatFunction, ChatMessage, Row};
pub use selection::{CountTokens, Kept, Options, Origin, Selection, SelectionError};
pub use split::Split;
pub use summary::{Summary, Taken};
