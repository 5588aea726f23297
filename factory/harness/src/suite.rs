//! A repository's tests, and where they are run.

use swemill_sandbox::{Backend, Environment, Limits};

use crate::TestCommand;

/// Everything that it takes to start a repository's tests.
#[derive(Clone, Copy, Debug)]
pub struct Suite<'a> {
    /// Where sandboxes come from.
    pub backend: &'a dyn Backend,
    /// What sandboxes are made from.
    pub environment: &'a Environment,
    /// Their ceilings.
    pub limits: &'a Limits,
    /// How the tests are started in one.
    pub command: &'a TestCommand,
}
