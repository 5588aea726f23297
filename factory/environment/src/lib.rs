//! Turning a checked-out Python repository into a reproducible environment, with no human and no LM.
//!
//! A [`Builder`] takes a [`Project`] and gives a [`Built`] environment or a [`BuildFailure`] that says which
//! step failed, why, and what would mend it. What it found out is a [`Recipe`], from which the environment
//! can be made again when its folder is gone.
//!
//! Reading order: [`project`] is what goes in; [`plan`] reads what it says of itself; [`interpreter`],
//! [`tool`] and [`network`] are what building needs from the machine; `workshop` makes the sandboxes, with
//! their trust boundary; `lock` and `install` work in them; `suite` finds the tests, `layout` sees to it that
//! the repository's own files are what is imported, `diagnose` reads why tests cannot run and `words` why
//! commands failed; [`builder`] does
//! one after the other until it is well; [`recipe`] and [`built`] are what comes out, [`error`] what went
//! wrong.

pub mod builder;
pub mod built;
mod diagnose;
pub mod error;
mod files;
mod install;
pub mod interpreter;
mod layout;
mod lock;
pub mod network;
pub mod plan;
pub mod progress;
pub mod project;
pub mod recipe;
mod suite;
pub mod tool;
mod words;
mod workshop;

pub use builder::{Builder, Options};
pub use built::{Built, TESTBED, VENV};
pub use error::{BuildFailure, Class, Step};
pub use plan::Plan;
pub use progress::Progress;
pub use project::Project;
pub use recipe::{Install, Python, Recipe};
pub use tool::find as find_tool;
