//! Trajectories from the store, as the agent's crate knows them: what every export is made from.

use futures_util::{Stream, TryStreamExt as _};
use sqlx::PgPool;
use swemill_agent::{Step, Trajectory};
use swemill_store::rollouts::{Recorded, Rollout, RolloutFilter, read};

/// A trajectory cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrajectoryError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] swemill_store::Error),
    /// What is stored is no trajectory.
    #[error(
        "the trajectory of rollout {rollout_id} cannot be read: {reason}; was it written by a newer swemill?"
    )]
    Unreadable {
        /// The rollout.
        rollout_id: i64,
        /// What is wrong with it.
        reason: String,
    },
}

/// The rollouts that ended and pass the filter, with their trajectories, by their numbers; one in memory at a time.
pub fn stream(
    pool: &PgPool,
    filter: RolloutFilter,
) -> impl Stream<Item = Result<(Rollout, Trajectory), TrajectoryError>> + Send + use<> {
    read::recorded(pool, filter)
        .map_err(TrajectoryError::from)
        .and_then(|recorded| std::future::ready(assemble(recorded)))
}

/// The trajectory of a rollout, if it has one.
pub async fn get(pool: &PgPool, id: i64) -> Result<Option<Trajectory>, TrajectoryError> {
    let filter = RolloutFilter {
        ids: Some(vec![id]),
        ..RolloutFilter::default()
    };
    let mut found = std::pin::pin!(stream(pool, filter));
    Ok(found.try_next().await?.map(|(_, trajectory)| trajectory))
}

fn assemble(recorded: Recorded) -> Result<(Rollout, Trajectory), TrajectoryError> {
    let rollout_id = recorded.rollout.id;
    let unreadable = |error: serde_json::Error| TrajectoryError::Unreadable {
        rollout_id,
        reason: error.to_string(),
    };
    let mut trajectory: Trajectory =
        serde_json::from_slice(&recorded.trajectory).map_err(unreadable)?;
    let steps = recorded.steps.iter();
    let steps = steps.map(|step| serde_json::from_slice::<Step>(step));
    trajectory.steps = steps.collect::<Result<_, _>>().map_err(unreadable)?;
    trajectory.resolved = recorded.rollout.resolved();
    Ok((recorded.rollout, trajectory))
}
