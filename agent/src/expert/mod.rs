//! A scripted policy that knows the repair, for cold starts: small models learn an interface from it.
//!
//! It walks the way that a person would: reproduce, locate, read, edit with the interface's own tools, run again, hand in.
//! All that it sees is really observed, its thoughts claim nothing that was not, and every export marks it
//! `policy=expert`.

mod edits;
mod script;

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::interface::Interface;
use crate::lm::{Completion, Lm, LmError, Policy, Query};

/// What an expert knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gold {
    /// A command that shows the fault, run in the repository: the failing tests, or a script if those are hidden.
    pub reproduce: String,
    /// The files that the repair changes, by their paths in the repository.
    pub files: BTreeMap<String, GoldFile>,
}

/// A file before and after the repair; `None` where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoldFile {
    /// As the agent finds it.
    pub before: Option<String>,
    /// As it should be.
    pub after: Option<String>,
}

/// The policy of one instance.
#[derive(Clone, Debug)]
pub struct Expert {
    answers: Vec<Completion>,
}

impl Expert {
    /// Writes the script of a repair in an interface's notation.
    pub fn new(interface: &Interface, gold: &Gold) -> Self {
        Self {
            answers: script::write(interface, gold),
        }
    }

    /// How many steps it takes.
    pub fn steps(&self) -> usize {
        self.answers.len()
    }
}

#[async_trait]
impl Lm for Expert {
    fn name(&self) -> &'static str {
        "expert"
    }

    fn policy(&self) -> Policy {
        Policy::Expert
    }

    async fn complete(&self, query: Query<'_>) -> Result<Completion, LmError> {
        let answer = self.answers.get(query.step).cloned();
        answer.ok_or_else(|| LmError::RecordingEnded {
            model: "expert".to_owned(),
            recorded: self.answers.len(),
        })
    }
}
