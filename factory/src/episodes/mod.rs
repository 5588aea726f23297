//! Episodes: attempts at instances whose decisions come from outside, step by step, for reinforcement learning.
//!
//! [`Episodes`] keeps those that are open. `reset` begins some ([`Wanted`], [`Terms`]), `step` carries out what a policy
//! answered ([`Answer`]) by the same code as rollouts, `grade` lets the hidden tests judge ([`Verdict`]), `close` forgets. A
//! batch is checked as a whole before anything of it is done; what then fails by the machinery's fault is told a single
//! episode at a time and is no reward of 0. Episodes live in this process alone: the store keeps grades, not episodes.
//!
//! Reading order: [`registry`](Episodes) finds and bounds, `episode` is one of them, `reset`, `step`, `grade` and `close` are
//! what can be done, `answer` and `verdict` what goes in and comes out, `tasks` lets work go on when its client has left.

mod answer;
mod close;
mod episode;
mod error;
mod grade;
mod registry;
mod reset;
mod seen;
mod step;
mod tasks;
mod verdict;

pub use answer::Answer;
pub use close::Closed;
pub use episode::Broken;
pub use error::EpisodeError;
pub use grade::Graded;
pub use registry::{Bounds, Episodes};
pub use reset::{Begun, Choice, Opening, Terms, Wanted};
pub use seen::{Listed, Seen, Standing};
pub use step::{StepAsked, Stepped};
pub use verdict::{Passed, Verdict};
