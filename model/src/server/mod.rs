//! The server: `OpenAI`'s interface over [`Host`](crate::Host)s and [`Embedder`](crate::host::Embedder)s.
//!
//! In reading order: [`ServerOptions`] are the limits, `service` holds what is served, `routes` says what answers where, [`http`] is what
//! other servers need as well, `body` reads requests, `authentication` keeps strangers out, `parameters` are what chats and completions share, `chat`, `completions`,
//! `embeddings` and `models` are the endpoints, `choices` and `streaming` bring answers to clients, [`ApiError`] tells what went
//! wrong, `metrics` counts, and [`serve`] runs until it is told to stop. docs/SERVING.md is the user's page.

mod authentication;
mod body;
mod chat;
mod choices;
mod completions;
mod embeddings;
mod error;
pub mod http;
mod identity;
mod logprobs;
mod metrics;
mod models;
mod options;
mod parameters;
mod routes;
mod run;
mod service;
mod streaming;
mod usage;

#[cfg(test)]
mod tests;

pub use error::ApiError;
pub use options::ServerOptions;
pub use run::serve;
pub use service::Service;
