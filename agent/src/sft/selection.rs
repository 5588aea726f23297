//! Which attempts are learned from.

use std::collections::HashMap;
use std::fmt;

use super::names::Listed;
use super::overlap::Overlap;
use super::patches;
use super::reason::Reason;
use super::row::{self, Row};
use super::split::{self, Split};
use super::summary::Summary;
use crate::export::swe_smith::{self, Style};
use crate::interface::Dialect;
use crate::trajectory::Trajectory;

/// Counts the tokens of a text, or says why it cannot.
pub type CountTokens = Box<dyn Fn(&str) -> Result<usize, String> + Send + Sync>;

/// What is asked of an export.
pub struct Options {
    /// How actions are written; without one, as the attempt wrote them.
    pub style: Option<Style>,
    /// The most attempts an instance.
    pub per_instance: usize,
    /// How tokens are counted.
    pub tokenizer: Option<CountTokens>,
    /// The most tokens an attempt; nothing without a tokenizer.
    pub most_tokens: Option<usize>,
    /// Repositories to keep out.
    pub listed: Listed,
    /// Benchmarks to keep out.
    pub benchmarks: Overlap,
    /// The share of projects that is held out, in 0..=1.
    pub validation: f64,
    /// Decides which are.
    pub seed: u64,
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Options");
        shown.field("style", &self.style);
        shown.field("per_instance", &self.per_instance);
        shown.field("most_tokens", &self.most_tokens);
        shown.finish_non_exhaustive()
    }
}

/// Where an attempt comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    /// `owner/name` of the instance's repository.
    pub repository: &'a str,
    /// What tells attempts at one instance apart.
    pub attempt: &'a str,
}

/// An attempt that is learned from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The row.
    pub row: Row,
    /// Its side.
    pub split: Split,
}

/// Why an attempt could not be judged.
#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    /// The tokenizer failed.
    #[error("the tokens of {attempt} could not be counted: {reason}")]
    Tokens {
        /// The attempt.
        attempt: String,
        /// What the tokenizer says.
        reason: String,
    },
    /// Its messages are not those of the chat-completions interface.
    #[error("the conversation of {attempt} cannot be written: {source}")]
    Conversation {
        /// The attempt.
        attempt: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// Takes attempts one by one. Where only some of an instance's can be kept, those that come first are.
#[derive(Debug)]
pub struct Selection {
    options: Options,
    /// Digests of the patches that were kept, by instance.
    patches: HashMap<String, Vec<[u8; 32]>>,
    summary: Summary,
}

impl Selection {
    /// With nothing kept yet.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            patches: HashMap::new(),
            summary: Summary::default(),
        }
    }

    /// Counts an attempt that is left out for what its record says without its trajectory.
    pub fn leave_out(&mut self, reason: Reason) {
        self.summary.drop(reason);
    }

    /// Makes a row of an attempt, or counts why it is left out.
    pub fn consider(
        &mut self,
        trajectory: &Trajectory,
        origin: Origin<'_>,
    ) -> Result<Option<Kept>, SelectionError> {
        match self.judge(trajectory, origin)? {
            Ok(row) => {
                let split = split::of(
                    origin.repository,
                    self.options.validation,
                    self.options.seed,
                );
                self.summary.keep(&row, split);
                Ok(Some(Kept { row, split }))
            }
            Err(reason) => {
                self.summary.drop(reason);
                Ok(None)
            }
        }
    }

    /// What became of all of them.
    pub fn finish(self) -> Summary {
        self.summary
    }

    fn judge(
        &mut self,
        trajectory: &Trajectory,
        origin: Origin<'_>,
    ) -> Result<Result<Row, Reason>, SelectionError> {
        match trajectory.resolved {
            None => return Ok(Err(Reason::Ungraded)),
            Some(false) => return Ok(Err(Reason::Unresolved)),
            Some(true) => {}
        }
        if self.options.listed.holds(origin.repository) {
            return Ok(Err(Reason::ListedRepository));
        }
        let mut row = self.row(trajectory, origin)?;
        if self.overlaps(&row, &trajectory.task.problem_statement) {
            return Ok(Err(Reason::BenchmarkOverlap));
        }
        if row.loss_spans.is_empty() {
            return Ok(Err(Reason::NothingToLearn));
        }
        row.tokens = self.tokens(&row)?;
        if let (Some(tokens), Some(most)) = (row.tokens, self.options.most_tokens)
            && usize::try_from(tokens).is_ok_and(|tokens| tokens > most)
        {
            return Ok(Err(Reason::TooLong));
        }
        let digest = patches::digest(&row.patch);
        let kept = self.patches.entry(row.instance_id.clone()).or_default();
        if kept.contains(&digest) {
            return Ok(Err(Reason::EqualPatch));
        }
        if kept.len() >= self.options.per_instance {
            return Ok(Err(Reason::AboveLimit));
        }
        kept.push(digest);
        Ok(Ok(row))
    }

    /// The row of an attempt, its tokens not counted yet.
    fn row(&self, trajectory: &Trajectory, origin: Origin<'_>) -> Result<Row, SelectionError> {
        let style = self
            .options
            .style
            .unwrap_or_else(|| own(trajectory.dialect));
        let made = swe_smith::row(trajectory, style, origin.attempt);
        let messages =
            row::typed(made.messages).map_err(|source| SelectionError::Conversation {
                attempt: made.traj_id.clone(),
                source,
            })?;
        let tools = match style {
            Style::Tool => swe_smith::tool_schemas(trajectory).to_string(),
            Style::Xml | Style::Ticks => "[]".to_owned(),
        };
        Ok(Row {
            instance_id: made.instance_id,
            repo: origin.repository.to_owned(),
            messages,
            tools,
            loss_spans: made.loss_spans,
            style: style.as_str().to_owned(),
            interface: trajectory.dialect.name().to_owned(),
            model: made.model,
            policy: made.policy,
            traj_id: made.traj_id,
            exit_status: trajectory.swe_agent_exit_status(),
            resolved: true,
            patch: made.patch,
            tokens: None,
        })
    }

    /// Whether what is learned, asked or changed is a benchmark's. What commands printed is the repository's own text,
    /// which the list of repositories is for.
    fn overlaps(&self, row: &Row, problem_statement: &str) -> bool {
        let asked = [problem_statement, row.patch.as_str()];
        let mut texts = asked.into_iter().chain(row.learned());
        texts.any(|text| self.options.benchmarks.touches(text))
    }

    fn tokens(&self, row: &Row) -> Result<Option<i64>, SelectionError> {
        let Some(count) = &self.options.tokenizer else {
            return Ok(None);
        };
        let mut tokens = 0;
        for text in row.texts() {
            tokens += count(text).map_err(|reason| SelectionError::Tokens {
                attempt: row.traj_id.clone(),
                reason,
            })?;
        }
        Ok(Some(i64::try_from(tokens).unwrap_or(i64::MAX)))
    }
}

/// The style that an attempt was made in.
fn own(dialect: Dialect) -> Style {
    match dialect {
        Dialect::MiniToolCalls | Dialect::SweAgentFunctionCalling => Style::Tool,
        Dialect::SweAgentXml => Style::Xml,
        Dialect::MiniFenced | Dialect::SweAgentThoughtAction => Style::Ticks,
    }
}
