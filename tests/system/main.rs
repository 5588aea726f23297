//! Whole-system tests: the real binary, a real Postgres, real sandboxes, real packages.

mod command_line;
mod faults_of_the_machine;
mod faults_of_the_repository;
mod pipeline;
mod support;
