//! Why nothing of what was asked was done.

use std::time::Duration;

/// A request was refused as a whole, before anything of it was done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EpisodeError {
    /// It is not open here.
    #[error(
        "there is no episode `{episode_id}`: it was closed, was left alone for {} seconds, or the server was started anew; \
         reset begins another",
        idle.as_secs()
    )]
    UnknownEpisode {
        /// Its id.
        episode_id: String,
        /// How long episodes may be left alone.
        idle: Duration,
    },
    /// It is not in the store.
    #[error("there is no instance `{instance_id}`; GET /v1/instances lists all")]
    UnknownInstance {
        /// Its id.
        instance_id: String,
    },
    /// A filter lets nothing through.
    #[error(
        "no instance passes the filter; GET /v1/instances with the same filter shows what is there"
    )]
    NoInstance,
    /// It has ended: no step is taken any more.
    #[error(
        "episode `{episode_id}` is over ({reason}); grade it, close it, and begin another with reset"
    )]
    Over {
        /// Its id.
        episode_id: String,
        /// How it ended.
        reason: String,
    },
    /// Something else is being done with it.
    #[error(
        "episode `{episode_id}` is busy with an earlier request, or stands twice in this one; GET /v1/episodes/{episode_id} \
         waits for the step and shows it"
    )]
    Busy {
        /// Its id.
        episode_id: String,
    },
    /// There is no room for so many.
    #[error(
        "{asked} more episodes do not fit: {open} of at most {most} are open; close those that are done"
    )]
    Full {
        /// How many were asked for.
        asked: usize,
        /// How many are open.
        open: usize,
        /// How many may be.
        most: usize,
    },
    /// A field makes no sense.
    #[error("`{field}`: {reason}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The server is stopping.
    #[error("the server is stopping; its episodes end with it")]
    Stopping,
    /// The store did not answer.
    #[error("the store failed: {0}")]
    Store(#[from] swemill_store::Error),
    /// No random bytes for an id.
    #[error("the operating system gave no random bytes for an episode's id: {0}")]
    Random(String),
}

impl EpisodeError {
    pub(crate) fn invalid(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid {
            field,
            reason: reason.into(),
        }
    }
}
