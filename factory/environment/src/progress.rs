//! Telling whoever waits what a build is at.

use crate::error::Step;

/// Hears of every step as it begins, with a word on why when it is not the first time.
pub trait Progress: Send + Sync {
    /// A step begins.
    fn begins(&self, step: Step, detail: &str);
}

/// Says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begins(&self, _: Step, _: &str) {}
}

impl<F: Fn(Step, &str) + Send + Sync> Progress for F {
    fn begins(&self, step: Step, detail: &str) {
        self(step, detail);
    }
}
