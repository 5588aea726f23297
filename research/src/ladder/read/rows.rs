//! Rows as observations, with every cell that cannot be used named.

use std::collections::BTreeMap;

use super::columns::{Column, Layout, Whose};
use super::table::{Row, Table};
use crate::ladder::exclusion::{Exclusions, Reason};
use crate::ladder::runs::{Observation, Role};

/// Whether a cell says that there is nothing in it.
pub(super) fn is_missing(cell: &str) -> bool {
    let words = ["nan", "null", "none", "na", "n/a", "-"];
    cell.is_empty() || words.iter().any(|word| cell.eq_ignore_ascii_case(word))
}

/// Adds the observations of every row of `table`.
pub(super) fn observe(
    table: &Table,
    layout: &Layout,
    observations: &mut Vec<Observation>,
    exclusions: &mut Exclusions,
) {
    for row in &table.rows {
        let mut reader = RowReader {
            table,
            row,
            exclusions,
        };
        if let Err(column) = reader.observe(layout, observations) {
            let place = reader.place();
            exclusions.add(Reason::RowWithout, column, place);
        }
    }
}

struct RowReader<'a> {
    table: &'a Table,
    row: &'a Row,
    exclusions: &'a mut Exclusions,
}

/// What the tasks of a row have in common, and each one's own scores.
#[derive(Default)]
struct Parts {
    run: Option<String>,
    rung: Option<String>,
    role: Role,
    parameters: Option<f64>,
    tokens: Option<f64>,
    step: Option<f64>,
    task: Option<String>,
    shared: Scores,
    tasks: BTreeMap<String, Scores>,
}

#[derive(Default, Clone)]
struct Scores {
    loss: Option<f64>,
    accuracy: Option<f64>,
    features: BTreeMap<String, f64>,
}

impl Parts {
    fn scores(&mut self, whose: &Whose) -> &mut Scores {
        match whose {
            Whose::Row => &mut self.shared,
            Whose::Task(task) => self.tasks.entry(task.clone()).or_default(),
        }
    }
}

impl RowReader<'_> {
    fn place(&self) -> String {
        format!("{} line {}", self.table.name, self.row.line)
    }

    /// The observations of the row, or the column without which there are none.
    fn observe(
        &mut self,
        layout: &Layout,
        observations: &mut Vec<Observation>,
    ) -> Result<(), &'static str> {
        let mut parts = self.parts(layout);
        let run = parts.run.take().ok_or("run")?;
        let parameters = parts.parameters.ok_or("n")?;
        let tokens = parts.tokens.ok_or("tokens")?;
        if layout.tasks.is_empty() {
            let task = parts.task.take().ok_or("task")?;
            parts.tasks.insert(task, Scores::default());
        }
        for (task, own) in parts.tasks {
            let mut features = parts.shared.features.clone();
            features.extend(own.features);
            observations.push(Observation {
                run: run.clone(),
                rung: parts.rung.clone(),
                role: parts.role,
                parameters,
                tokens,
                step: parts.step,
                task,
                loss: own.loss.or(parts.shared.loss),
                accuracy: own.accuracy.or(parts.shared.accuracy),
                features,
                place: self.place(),
            });
        }
        Ok(())
    }

    fn parts(&mut self, layout: &Layout) -> Parts {
        let mut parts = Parts::default();
        for (index, column) in layout.columns.iter().enumerate() {
            match column {
                Column::Run => parts.run = self.text(index),
                Column::Rung => parts.rung = self.text(index),
                Column::Role => parts.role = self.role(index),
                Column::Task => parts.task = self.text(index),
                Column::Parameters => parts.parameters = self.number(index, is_positive),
                Column::Tokens => parts.tokens = self.number(index, is_positive),
                Column::Step => parts.step = self.number(index, |_| true),
                Column::Loss(whose) => parts.scores(whose).loss = self.number(index, is_positive),
                Column::Accuracy(whose) => {
                    parts.scores(whose).accuracy = self.number(index, is_share);
                }
                Column::Feature(whose, name) => {
                    let scores = parts.scores(whose);
                    if let Some(value) = self.number(index, is_positive) {
                        scores.features.insert(name.clone(), value);
                    }
                }
                Column::Label => {}
            }
        }
        parts
    }

    fn text(&self, index: usize) -> Option<String> {
        let cell = &self.row.cells[index];
        (!is_missing(cell)).then(|| cell.clone())
    }

    fn number(&mut self, index: usize, is_allowed: fn(f64) -> bool) -> Option<f64> {
        let cell = &self.row.cells[index];
        let reason = if is_missing(cell) {
            Reason::MissingCell
        } else {
            match cell.parse::<f64>() {
                Ok(value) if value.is_finite() && is_allowed(value) => return Some(value),
                Ok(_) => Reason::OutOfRange,
                Err(_) => Reason::NotANumber,
            }
        };
        let place = self.place();
        self.exclusions
            .add(reason, self.table.header[index].clone(), place);
        None
    }

    fn role(&self, index: usize) -> Role {
        let cell = self.row.cells[index].to_lowercase();
        if ["eval", "target", "test", "predict"].contains(&cell.as_str()) {
            Role::Target
        } else {
            Role::Fit
        }
    }
}

fn is_positive(value: f64) -> bool {
    value > 0.0
}

fn is_share(value: f64) -> bool {
    (0.0..=1.0).contains(&value)
}
