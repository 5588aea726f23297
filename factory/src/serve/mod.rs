//! The HTTP server: an environment for reinforcement learning, the rest of what the factory shows to follow.
//!
//! Reading order: [`ServeOptions`] are the limits, `routes` says what answers where, `rl` are the endpoints over
//! [`Episodes`](crate::episodes::Episodes) with the types of what goes in and out, `body` and `authentication` look at requests,
//! [`ApiError`] tells what was wrong, [`openapi`] describes all of it from the same types and `page` shows that to people,
//! [`serve`] runs until it is told to stop. docs/RL.md is the user's page.

mod authentication;
mod body;
mod error;
pub mod openapi;
mod options;
mod page;
mod rl;
mod routes;
mod run;
mod state;

pub use error::ApiError;
pub use options::ServeOptions;
pub use run::serve;
