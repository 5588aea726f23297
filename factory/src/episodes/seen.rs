//! Looking at an episode without doing anything with it.

use std::sync::Arc;
use std::time::Duration;

use swemill_agent::{Exit, Message, Spent};

use super::episode::{Episode, Stage, State};
use super::{Stepped, Verdict};

/// How an episode stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// An answer is awaited.
    Running,
    /// It is over.
    Ended(Exit),
    /// The machinery failed: it counts for nothing.
    Failed(String),
}

/// An episode in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub episode_id: String,
    /// The instance.
    pub instance_id: String,
    /// Whether something is being done with it.
    pub is_busy: bool,
    /// How long nobody has asked it anything.
    pub idle: Duration,
}

/// An episode as it was seen between two steps.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its id.
    pub episode_id: String,
    /// The instance.
    pub instance_id: String,
    /// How it stands.
    pub standing: Standing,
    /// The whole conversation.
    pub messages: Vec<Message>,
    /// What it has used; nothing is known of one that failed.
    pub spent: Spent,
    /// Its last step.
    pub last_step: Option<Stepped>,
    /// Its grade.
    pub verdict: Option<Verdict>,
}

impl Episode {
    pub(super) fn listed(&self) -> Listed {
        Listed {
            episode_id: self.id.clone(),
            instance_id: self.instance.id.clone(),
            is_busy: self.is_claimed(),
            idle: self.idle(),
        }
    }

    /// As it is between two steps: waits for one that is under way.
    pub(super) async fn see(self: &Arc<Self>) -> Seen {
        let mut state = self.state.lock().await;
        self.touch();
        let (messages, spent) = match &mut state.stage {
            Stage::Running(attempt) => {
                let messages = attempt.query().map(|query| query.messages.to_vec());
                (messages.unwrap_or_default(), *attempt.spent())
            }
            Stage::Ended { trajectory, .. } => (trajectory.messages(), trajectory.spent),
            Stage::Failed(_) => (Vec::new(), Spent::default()),
        };
        Seen {
            episode_id: self.id.clone(),
            instance_id: self.instance.id.clone(),
            standing: state.standing(),
            messages,
            spent,
            last_step: state.last_step.clone(),
            verdict: state.verdict.clone(),
        }
    }
}

impl State {
    pub(super) fn standing(&self) -> Standing {
        match &self.stage {
            Stage::Running(_) => Standing::Running,
            Stage::Ended { trajectory, .. } => Standing::Ended(trajectory.exit),
            Stage::Failed(reason) => Standing::Failed(reason.clone()),
        }
    }
}
