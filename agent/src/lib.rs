//! Agents that try to repair broken repositories in sandboxes, and what is kept of their tries.
//!
//! An [`Agent`] is a policy (an [`Lm`]: a model's server, an expert that knows the repair, or a recording), an
//! [`Interface`] in which it speaks, and limits. An attempt at a [`Task`] happens in sandboxes that a [`Place`] gives, and
//! ends as a [`Trajectory`], from which every export is made.
//!
//! Reading order: [`agent`] is the loop on a page and [`attempt`] what it does in each turn; [`message`] and [`action`] are
//! what goes back and forth; [`interface`] holds the published notations, [`templates`] their prompts, [`parse`] the way
//! from an answer to actions; [`editor`] is SWE-agent's editor; [`conversation`] keeps queries short and stable; [`limits`]
//! says when it is enough; [`patch`] tells what was changed; [`lm`] are the policies and [`expert`] the one that knows;
//! [`trajectory`] is the record, [`export`] its formats, [`sft`] what is learned from, [`pass_at_k`] what many of them say together.
//! `docs/ROLLOUTS.md` and `docs/FORMATS.md` are the users' pages.

pub mod action;
pub mod agent;
pub mod attempt;
pub mod conversation;
pub mod editor;
pub mod expert;
pub mod export;
pub mod interface;
pub mod limits;
pub mod lm;
pub mod message;
pub mod observer;
pub mod parse;
pub mod pass_at_k;
pub mod patch;
pub mod place;
pub mod sft;
pub mod templates;
pub mod trajectory;

mod hands;
mod repetition;
mod shell;

pub use action::{Action, Call, Observation};
pub use agent::Agent;
pub use attempt::{Attempt, AttemptError, Rules};
pub use conversation::ContextOptions;
pub use editor::Edit;
pub use interface::{Dialect, Interface, Task};
pub use limits::{AttemptLimits, Exit, Spent};
pub use lm::{Completion, Lm, LmError, Policy, Query, Usage};
pub use message::{Message, Role, ToolCall};
pub use observer::{Observer, Unobserved};
pub use patch::Patch;
pub use place::{Place, SandboxPlace};
pub use trajectory::{Step, Trajectory};
