//! Whole-system tests: the real binary, a real Postgres, real sandboxes, real packages.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod clients;
mod command_line;
mod containers;
mod envelopes;
mod faults_of_the_machine;
mod faults_of_the_repository;
mod grading;
mod learning;
mod model_ladders;
mod model_serving;
mod model_training;
mod pipeline;
mod report;
mod rl;
mod rollouts;
mod support;
