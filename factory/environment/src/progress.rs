//! Telling whoever waits what a build is at.

use crate::error::Step;

/// Hears of every step as it begins. A step begins again when a build mends something and tries anew.
pub type Progress<'a> = &'a (dyn Fn(Step) + Send + Sync);
