//! Training: all parameters of a decoder or low-rank changes of it, on one machine.
//!
//! In reading order: a [`Document`] is tokens with loss weights, [`pack`] lays documents side by side into ragged batches; a
//! [`Recipe`] says how to train ([`Method`], [`Schedule`], [`AdamW`]); a [`Trainer`] does one step, whole or layer by layer;
//! [`Reader`] makes documents of data files; [`run`] does all steps, with [`checkpoint`]s and a [`report`]. [`Initial`]
//! parameters are where a new model starts, and [`export`] writes what came of it for others.
//! docs/TRAINING.md is the user's page.

pub mod checkpoint;
mod corpus;
pub mod curve;
mod document;
mod export;
mod gradients;
mod in_place;
mod initial;
mod optimizer;
mod order;
mod parameters;
mod pass;
mod random;
pub mod report;
mod routing;
mod run;
mod schedule;
mod trainer;

pub use corpus::{CorpusError, Reader};
pub use document::{Document, Packed, pack};
pub use export::{Language, export};
pub use gradients::Gradients;
pub use initial::Initial;
pub use optimizer::{AdamW, Optimizer};
pub use order::Order;
pub use parameters::{LowRank, Method, Parameters, Trainable};
pub use random::Random;
pub use routing::{RouterLosses, load_balancing, router_z};
pub use run::{Hooks, Plan, run};
pub use schedule::{Schedule, Shape};
pub use trainer::{Recipe, StepReport, Trainer};
