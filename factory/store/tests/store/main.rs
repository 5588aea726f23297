//! The store against a real Postgres: the private cluster that these tests start.

mod cluster;
mod command;
mod data;
mod queue;
mod schema;
mod support;
