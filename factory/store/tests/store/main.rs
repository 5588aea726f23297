//! The store against a real Postgres: the private cluster that these tests start.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cluster;
mod command;
mod data;
mod grades;
mod queue;
mod rollouts;
mod schema;
mod support;
