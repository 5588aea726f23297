//! What runs on the other side: the keeper, and the first process of a sandbox.
//!
//! The caller executes the launcher's program, which becomes the *keeper*. It stays in the caller's
//! namespaces and does three things: it clones the sandbox's first process, waits for it, and removes the
//! control groups and work folders when it is gone, also when the caller was killed. The *first process*
//! ([`root`] builds its file system) then [`serve`]s requests until its socket closes; since it is the
//! first process of a process namespace, the kernel kills everything in the sandbox when it ends.
//!
//! Reading order: [`keeper`] with [`removal`], [`root`] with [`mounts`] and [`etc`], [`serve`] with [`sweep`],
//! [`spawn`] with [`confine`] and [`filter`], [`files`], [`copy`], [`renew`], [`memory`] with [`objects`].

pub(crate) mod confine;
pub(crate) mod copy;
pub(crate) mod etc;
pub(crate) mod files;
pub(crate) mod filter;
pub(crate) mod keeper;
pub(crate) mod memory;
pub(crate) mod mounts;
pub(crate) mod objects;
pub(crate) mod removal;
pub(crate) mod renew;
pub(crate) mod root;
pub(crate) mod serve;
pub(crate) mod spawn;
pub(crate) mod sweep;

use std::fmt::Display;

/// Why a place could not be set up.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) step: String,
    pub(crate) reason: String,
}

/// Names the step that failed.
pub(crate) trait Step<T> {
    /// Turns the error into a [`Failure`] at the given step.
    fn step(self, step: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T, E: Display> Step<T> for Result<T, E> {
    fn step(self, step: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| Failure {
            step: step(),
            reason: error.to_string(),
        })
    }
}
