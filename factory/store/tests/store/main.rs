//! The store against a real Postgres: the private cluster that these tests start.

mod queue;
mod support;
