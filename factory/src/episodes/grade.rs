//! Grading episodes.

use std::sync::Arc;

use futures_util::future::join_all;
use swemill_agent::Exit;
use tokio::sync::OwnedSemaphorePermit;

use super::episode::Held;
use super::error::EpisodeError;
use super::registry::Episodes;
use super::seen::Standing;
use super::verdict::Verdict;
use crate::grading::Grader;
use crate::grading::grade::Outcome;

/// An episode with its grade.
#[derive(Clone, Debug)]
pub struct Graded {
    /// The episode.
    pub episode_id: String,
    /// The instance.
    pub instance_id: String,
    /// How it stands: it is over in any case.
    pub standing: Standing,
    /// The patch that was graded.
    pub patch: String,
    /// What the tests say.
    pub verdict: Verdict,
}

impl Episodes {
    /// Grades episodes, as `swemill grade` does. One that still runs is over by this: what its repository shows is handed in,
    /// whatever the interface. All can be graded, or none is.
    pub async fn grade(
        self: &Arc<Self>,
        episode_ids: &[String],
    ) -> Result<Vec<Graded>, EpisodeError> {
        self.admit()?;
        let held = self.hold(episode_ids.iter().map(String::as_str)).await?;
        let graded = held.into_iter().map(|held| {
            let episodes = self.clone();
            let episode = held.episode();
            let (episode_id, instance_id) = (episode.id.clone(), episode.instance.id.clone());
            let graded = self.tasks.start(held.grade(episodes));
            async {
                let reason = "grading was cut off by a stop or a defect".to_owned();
                graded.await.unwrap_or_else(|| Graded {
                    episode_id,
                    instance_id,
                    standing: Standing::Failed(reason.clone()),
                    patch: String::new(),
                    verdict: Verdict::of_broken(reason),
                })
            }
        });
        Ok(join_all(graded.collect::<Vec<_>>()).await)
    }

    /// A turn for what keeps a processor busy.
    pub(super) async fn turn(&self) -> OwnedSemaphorePermit {
        let turn = self.turns.clone().acquire_owned().await;
        turn.expect("nothing closes the semaphore")
    }
}

impl Held {
    async fn grade(mut self, episodes: Arc<Episodes>) -> Graded {
        if let Some(attempt) = self.state.take() {
            // A failure is kept by the episode, and told below.
            let _ = self
                .hand_in(*attempt, Exit::Submitted, |trajectory| {
                    trajectory.patch.text.clone()
                })
                .await;
        }
        let verdict = self.verdict(&episodes).await;
        Graded {
            episode_id: self.episode().id.clone(),
            instance_id: self.episode().instance.id.clone(),
            standing: self.state.standing(),
            patch: self.state.patch().unwrap_or_default().to_owned(),
            verdict,
        }
    }

    /// The verdict, found once: what the machinery kept from being judged is tried again when it is asked for again.
    async fn verdict(&mut self, episodes: &Episodes) -> Verdict {
        if let Some(known) = &self.state.verdict
            && known.outcome != Outcome::Failed
        {
            return known.clone();
        }
        let verdict = match (self.state.patch(), self.state.standing()) {
            (Some(patch), _) => {
                let _turn = episodes.turn().await;
                let grader = Grader::new(&episodes.machine, true);
                grader
                    .grade(&self.episode().instance, Some(patch))
                    .await
                    .into()
            }
            (None, Standing::Failed(reason)) => Verdict::of_broken(reason),
            (None, _) => Verdict::of_broken("the episode has no patch".to_owned()),
        };
        self.state.verdict = Some(verdict.clone());
        verdict
    }
}
