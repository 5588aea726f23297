//! Breaks Python code with tree-sitter: names every site of every operator, then samples by seed.
//!
//! In reading order: [`operator`] says what an operator is, [`context`] what it may know (`entity` and
//! `parameters` gather it), and [`operators`] has them all. `engine` runs them: `discover` finds the package's own files, `sites` walks each file once
//! and collects what the operators name (`arid` places are left out, `canonical` finds doubles), `sample`
//! chooses by seed, `verify` parses the mutated statements again (`snippet`) or the whole file, compares the
//! meaning (`structure`) and checks that CPython would compile it (`compile`), [`patch`] writes the diff,
//! `identity` gives the id. `touched` says at which lines a change can make a difference.
//!
//! ```no_run
//! use swemill_mutation::{Options, mutate};
//!
//! let options = Options { seed: 7, strategies: "op,compare,-op_swap".parse()?, max_candidates: Some(300), ..Options::default() };
//! let summary = mutate("path/to/repository".as_ref(), &options, &mut |candidate| {
//!     eprintln!("{} {}:{}", candidate.id, candidate.file, candidate.line);
//! })?;
//! eprintln!("{} candidates of {} files", summary.candidates, summary.mutated);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arid;
mod candidate;
mod canonical;
mod compile;
pub mod context;
mod discover;
mod dispatch;
mod engine;
mod entity;
mod grammar;
mod identity;
pub mod operator;
pub mod operators;
mod parameters;
pub mod patch;
mod sample;
mod selection;
mod sites;
mod snippet;
mod structure;
mod summary;
pub mod table;
mod touched;
mod verify;

pub use candidate::Candidate;
pub use discover::{is_test_path, source_files};
pub use engine::{MutateError, Options, mutate};
pub use identity::Identity;
pub use selection::{Selection, UnknownStrategy};
pub use summary::{Skipped, Summary};
pub use touched::{Touched, touched};
