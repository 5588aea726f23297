//! Turning a checked-out Python repository into a reproducible environment, with no human and no LM.

pub mod error;
pub mod plan;
pub mod project;
