//! The figures of a ladder: the paper's three, and those of the analyses.

mod analyses;
mod steps;
mod style;

pub use analyses::{compute_figure, plan_figure, variance_figure};
pub use steps::{chained_figure, first_step_figure, second_step_figure};
