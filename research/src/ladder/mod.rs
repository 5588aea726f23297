//! Model ladders: predicting a large model's task accuracy from small models.
//!
//! Bhagia et al., Establishing Task Scaling Laws via Compute-Efficient Model Ladders (2412.04403). Small models are
//! trained on a grid of sizes and amounts of data. Step 1 fits the loss on a task's correct answers by size and
//! tokens; step 2 fits accuracy by that loss over all checkpoints; chained, they predict the accuracy of a model that
//! nobody has trained yet. Nothing here is specific to the paper's tasks: any score from 0 to 1 will do.
//!
//! In reading order: `read` (tables in) makes `runs`, of which `points` takes what `method` wants; `curve` has the
//! formulas, `optimise` the minimiser, `fit` puts them together into a `model`. On those
//! stand `prediction` with the bands of `bootstrap`, and the analyses `variance`, `subsets` and `plan`.

mod bootstrap;
mod curve;
mod error;
mod exclusion;
mod figure;
mod fit;
mod method;
mod model;
mod optimise;
mod plan;
mod points;
mod prediction;
mod random;
mod read;
mod report;
mod runs;
mod scale;
mod statistics;
mod subsets;
mod synthetic;
mod variance;

pub use bootstrap::{Band, Resampling, TaskSamples, bootstrap};
pub use error::{LadderError, Result};
pub use exclusion::{Exclusion, Reason};
pub use figure::{
    chained_figure, compute_figure, first_step_figure, plan_figure, second_step_figure,
    variance_figure,
};
pub use fit::{Failure, FitReport, LadderFit, Stability, TaskFit, fit};
pub use method::{Form, Link, Method, chance};
pub use model::{LinkCurve, Model, Predicted, ScalingCurve};
pub use plan::{Candidate, Plan, TaskPlan, plan};
pub use points::{Final, TaskPoints};
pub use prediction::{AverageError, Outcome, Prediction, average_errors, predict};
pub use read::{collect, read};
pub use report::{
    FitDocument, Report, Table, averages_table, candidates_table, exclusions_table,
    parameters_table, predictions_table, subsets_table, task_plans_table, variance_table,
    without_rung_table,
};
pub use runs::{Checkpoint, Ladder, Observation, Role, Run};
pub use scale::Scale;
pub use subsets::{Subset, WithoutRung, compute_against_error, leave_one_rung_out};
pub use synthetic::{Synthetic, SyntheticTask};
pub use variance::{Correlation, LAST, TaskVariance, Variance, variance};

#[cfg(test)]
mod tests;
