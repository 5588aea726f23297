//! A whole run: steps over documents, with evaluations, checkpoints and reports on the way.

use std::path::{Path, PathBuf};

use super::checkpoint::{self, Position};
use super::curve;
use super::document::Document;
use super::order::Order;
use super::report::{self, Metrics, Record, Speed};
use super::trainer::Trainer;
use crate::{Error, Result};

/// What a run does beside its steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Tokens of a step, at most; at least one document is taken.
    pub step_tokens: usize,
    /// Steps between two evaluations; 0 for none but the last.
    pub evaluate_every: u64,
    /// Steps between two checkpoints; 0 for none but the last.
    pub checkpoint_every: u64,
    /// Where `checkpoints/`, `metrics.jsonl` and `loss.svg` go; `None` keeps nothing.
    pub folder: Option<PathBuf>,
    /// For the order of the documents.
    pub seed: u64,
}

/// Someone who follows a run.
pub trait Hooks {
    /// After a step; `false` ends the run, with a checkpoint.
    fn step(&mut self, _record: &Record) -> bool {
        true
    }

    /// When an evaluation is due; its loss goes into the record.
    fn evaluate(&mut self, _trainer: &Trainer) -> Result<Option<f64>> {
        Ok(None)
    }
}

/// Nobody follows.
impl Hooks for () {}

/// Trains until the schedule's last step. A run whose folder has checkpoints goes on from the newest: with the same recipe and
/// documents its losses are those that it would have had.
pub fn run(
    trainer: &mut Trainer,
    documents: &[Document],
    plan: &Plan,
    hooks: &mut dyn Hooks,
) -> Result<()> {
    let longest = documents
        .iter()
        .map(|document| document.tokens.len())
        .max()
        .unwrap_or(0);
    let context = trainer.decoder.config.context;
    if longest > context.saturating_add(1) {
        return Err(Error::Context {
            position: longest - 1,
            context,
        });
    }
    if !documents.iter().any(|document| document.weight() > 0.0) {
        return Err(Error::Batch(
            "there is no document with a target that counts".to_owned(),
        ));
    }
    let mut position = Position {
        tokens: 0,
        order: Order::new(plan.seed, documents.len()),
    };
    let checkpoints = plan
        .folder
        .as_ref()
        .map(|folder| folder.join("checkpoints"));
    if let Some(newest) = checkpoints
        .as_deref()
        .map(checkpoint::newest)
        .transpose()?
        .flatten()
    {
        position = checkpoint::restore(&newest, trainer)?;
        if position.order.count() != documents.len() {
            let reason = format!(
                "it was made with {} documents, and there are {}",
                position.order.count(),
                documents.len()
            );
            return Err(Error::format(newest, reason));
        }
    }
    let mut metrics = match &plan.folder {
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
            Some(Metrics::open(
                &folder.join("metrics.jsonl"),
                trainer.steps(),
            )?)
        }
        None => None,
    };
    let (steps, mut speed) = (trainer.recipe().schedule.steps, Speed::start());
    while trainer.steps() < steps {
        let taken = take(documents, &mut position.order, plan.step_tokens);
        let report = trainer.step(&taken)?;
        position.tokens += report.tokens;
        let tokens_per_second = speed.step(report.tokens);
        let due =
            |every: u64| report.step == steps || (every > 0 && report.step.is_multiple_of(every));
        let evaluation = if due(plan.evaluate_every) {
            hooks.evaluate(trainer)?
        } else {
            None
        };
        #[expect(clippy::cast_precision_loss, reason = "a time for people")]
        let seconds_left = (steps - report.step) as f64 * position.tokens as f64
            / report.step as f64
            / tokens_per_second;
        let record = Record {
            report,
            total_tokens: position.tokens,
            tokens_per_second,
            seconds_left,
            evaluation,
        };
        metrics
            .iter_mut()
            .try_for_each(|metrics| metrics.add(&record))?;
        let go_on = hooks.step(&record);
        if let Some(folder) = checkpoints
            .as_deref()
            .filter(|_| due(plan.checkpoint_every) || !go_on)
        {
            checkpoint::save(folder, trainer, &position)?;
        }
        if !go_on {
            break;
        }
        speed.skip();
    }
    plan.folder.as_deref().map_or(Ok(()), draw)
}

/// The next documents that teach something, up to this many tokens.
fn take<'d>(documents: &'d [Document], order: &mut Order, tokens: usize) -> Vec<&'d Document> {
    let mut taken: Vec<&Document> = Vec::new();
    let (mut room, mut weight) = (tokens, 0.0);
    // An epoch without a target that counts does not exist: `run` has checked that.
    while let Some(document) = order.next_index().map(|index| &documents[index]) {
        weight += document.weight();
        room = room.saturating_sub(document.tokens.len());
        taken.push(document);
        if room == 0 && weight > 0.0 {
            break;
        }
    }
    taken
}

fn draw(folder: &Path) -> Result<()> {
    let path = folder.join("loss.svg");
    let records = report::read(&folder.join("metrics.jsonl"))?;
    std::fs::write(&path, curve::svg(&records)).map_err(Error::file("write", &path))
}
