//! Ending episodes: when asked, when left alone, when the server stops.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::episode::Episode;
use super::registry::Episodes;

/// How often it is looked whether episodes were left alone, at most and at least.
const LOOKING: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// What became of a wish to close.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    /// These were open.
    pub closed: Vec<String>,
    /// These were not, or not any more.
    pub unknown: Vec<String>,
}

impl Episodes {
    /// Forgets episodes and ends their sandboxes; one that is busy ends when its step is done. Closing what is closed is no
    /// error.
    pub async fn close(&self, episode_ids: &[String]) -> Closed {
        let mut result = Closed::default();
        let mut ending = Vec::new();
        for id in episode_ids {
            let found = self.open().remove(id);
            match found {
                Some(episode) => {
                    ending.push(self.tasks.start(async move { episode.end().await }));
                    result.closed.push(id.clone());
                }
                None => result.unknown.push(id.clone()),
            }
        }
        join_all(ending).await;
        result
    }

    /// Closes what is left alone, for as long as the process runs.
    pub async fn watch(self: Arc<Self>) {
        let pause = (self.bounds.idle / 4).clamp(LOOKING.0, LOOKING.1);
        loop {
            tokio::time::sleep(pause).await;
            let is_idle = |episode: &Arc<Episode>| episode.idle() >= self.bounds.idle;
            let idle: Vec<String> = self
                .open()
                .values()
                .filter(|episode| is_idle(episode))
                .map(|episode| episode.id.clone())
                .collect();
            if !idle.is_empty() {
                tracing::info!(
                    episodes = idle.len(),
                    "closing episodes that were left alone"
                );
                self.close(&idle).await;
            }
        }
    }

    /// Ends everything: what is under way has `drain` to come to its end. Whether all of it did.
    pub async fn end(&self, drain: Duration) -> bool {
        self.refuse();
        let is_whole = self.tasks.end(drain).await;
        let ids: Vec<String> = self.open().keys().cloned().collect();
        self.close(&ids).await;
        is_whole
    }
}
