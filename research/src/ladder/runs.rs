//! A ladder: training runs of growing size, their checkpoints and what each scored.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::error::{LadderError, Result};
use super::exclusion::{Exclusion, Exclusions, Reason};
use super::scale::Scale;

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Curves are fitted to it.
    #[default]
    Fit,
    /// Its scores are predicted, and compared with what it reached.
    Target,
}

/// One row of a long table: what one checkpoint scored on one task.
#[derive(Debug, Clone)]
pub struct Observation {
    /// The name of the training run.
    pub run: String,
    /// The size class of its model, where it has a name.
    pub rung: Option<String>,
    /// What the run is for.
    pub role: Role,
    /// Parameters without embeddings.
    pub parameters: f64,
    /// Tokens trained on until this checkpoint.
    pub tokens: f64,
    /// The step of the checkpoint.
    pub step: Option<f64>,
    /// The task.
    pub task: String,
    /// Loss on the task's correct answers, in bits per byte or any other unit.
    pub loss: Option<f64>,
    /// Share of the task solved, from 0 to 1.
    pub accuracy: Option<f64>,
    /// Any other numbers by name; `flops`, where given, is the compute of the run until this checkpoint.
    pub features: BTreeMap<String, f64>,
    /// Where it was read, for messages.
    pub place: String,
}

/// What a run scored on one task at one checkpoint.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// The size of the run until here.
    pub scale: Scale,
    /// The step.
    pub step: Option<f64>,
    /// Loss on the task.
    pub loss: Option<f64>,
    /// Share of the task solved.
    pub accuracy: Option<f64>,
    /// Any other numbers.
    pub features: BTreeMap<String, f64>,
}

/// One training run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its name.
    pub name: String,
    /// The size class of its model; the number of parameters where the data names none.
    pub rung: String,
    /// What it is for.
    pub role: Role,
    /// Parameters without embeddings.
    pub parameters: f64,
    /// The checkpoints of every task, in the order of training.
    pub checkpoints: BTreeMap<String, Vec<Checkpoint>>,
}

/// All that was read.
#[derive(Debug, Clone)]
pub struct Ladder {
    /// The runs, by size and then by name.
    pub runs: Vec<Run>,
    /// The tasks, by name.
    pub tasks: Vec<String>,
    /// What was left out.
    pub exclusions: Vec<Exclusion>,
}

impl Ladder {
    pub(crate) fn of(observations: Vec<Observation>, mut exclusions: Exclusions) -> Result<Self> {
        let mut tasks = BTreeSet::new();
        let mut by_run: BTreeMap<String, Vec<Observation>> = BTreeMap::new();
        for observation in observations {
            tasks.insert(observation.task.clone());
            let run = by_run.entry(observation.run.clone()).or_default();
            run.push(observation);
        }
        let mut runs = Vec::new();
        for (name, observations) in by_run {
            runs.push(Run::of(name, observations, &mut exclusions)?);
        }
        runs.sort_by(|a, b| {
            let by_size = a.parameters.total_cmp(&b.parameters);
            by_size.then(a.final_tokens().total_cmp(&b.final_tokens()))
        });
        Ok(Self {
            runs,
            tasks: tasks.into_iter().collect(),
            exclusions: exclusions.into_list(),
        })
    }

    /// The runs of a role, in order.
    pub fn of_role(&self, role: Role) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(move |run| run.role == role)
    }

    /// The run called `name`.
    pub fn run(&self, name: &str) -> Result<&Run> {
        let found = self.runs.iter().find(|run| run.name == name);
        found.ok_or_else(|| LadderError::Unknown {
            kind: "run",
            name: name.to_owned(),
            known: self
                .runs
                .iter()
                .map(|run| run.name.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        })
    }

    /// The same ladder with only those runs of the fit that `keep` accepts; targets stay.
    pub fn keeping(&self, keep: impl Fn(&Run) -> bool) -> Self {
        let stays = |run: &&Run| run.role == Role::Target || keep(run);
        Self {
            runs: self.runs.iter().filter(stays).cloned().collect(),
            ..self.clone()
        }
    }
}

impl Run {
    fn of(
        name: String,
        observations: Vec<Observation>,
        exclusions: &mut Exclusions,
    ) -> Result<Self> {
        let first = &observations[0];
        let (role, parameters) = (first.role, first.parameters);
        let rung = first.rung.clone();
        let rung = rung.unwrap_or_else(|| crate::chart::magnitude(parameters));
        let mut by_task: BTreeMap<String, Vec<Observation>> = BTreeMap::new();
        for observation in observations {
            #[expect(
                clippy::float_cmp,
                reason = "a model's size is one number, written alike"
            )]
            let differs = observation.parameters != parameters;
            if differs {
                return Err(LadderError::TwoSizes {
                    run: name,
                    first: parameters,
                    second: observation.parameters,
                });
            }
            let of_task = by_task.entry(observation.task.clone()).or_default();
            of_task.push(observation);
        }
        let sorted = |(task, rows): (String, Vec<Observation>)| {
            let checkpoints = in_order(&name, &task, rows, exclusions);
            (task, checkpoints)
        };
        let checkpoints = by_task.into_iter().map(sorted).collect();
        Ok(Self {
            name,
            rung,
            role,
            parameters,
            checkpoints,
        })
    }

    /// Tokens at the last checkpoint of any task.
    pub fn final_tokens(&self) -> f64 {
        let last = self.checkpoints.values().filter_map(|list| list.last());
        last.fold(0.0, |most, checkpoint| checkpoint.scale.tokens.max(most))
    }

    /// The checkpoints of a task; none if the run was not evaluated on it.
    pub fn of_task(&self, task: &str) -> &[Checkpoint] {
        self.checkpoints.get(task).map_or(&[], Vec::as_slice)
    }
}

/// The checkpoints of one run and task in the order of their steps (of their tokens, where steps are missing), the
/// last row read standing for a step that comes twice: a run that was resumed logs some steps again.
fn in_order(
    run: &str,
    task: &str,
    rows: Vec<Observation>,
    exclusions: &mut Exclusions,
) -> Vec<Checkpoint> {
    let has_steps = rows.iter().all(|row| row.step.is_some());
    let key = |row: &Observation| row.step.filter(|_| has_steps).unwrap_or(row.tokens);
    let mut rows = rows;
    rows.sort_by(|a, b| key(a).total_cmp(&key(b)));
    let mut kept: Vec<Observation> = Vec::with_capacity(rows.len());
    for row in rows {
        if let Some(last) = kept.last_mut()
            && key(last).total_cmp(&key(&row)).is_eq()
        {
            let subject = format!("run {run}, task {task}");
            exclusions.add(Reason::DuplicateStep, subject, &last.place);
            *last = row;
        } else {
            kept.push(row);
        }
    }
    kept.into_iter().map(checkpoint).collect()
}

fn checkpoint(row: Observation) -> Checkpoint {
    let scale = Scale::new(row.parameters, row.tokens);
    let flops = row.features.get("flops");
    Checkpoint {
        scale: flops.map_or(scale, |&flops| scale.with_flops(flops)),
        step: row.step,
        loss: row.loss,
        accuracy: row.accuracy,
        features: row.features,
    }
}
