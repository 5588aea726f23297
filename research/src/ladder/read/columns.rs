//! What each column of a table is.

use std::collections::BTreeSet;

use super::rows::is_missing;
use super::table::Table;

/// The meaning of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Column {
    Run,
    /// The size class of a run's model, such as 190M.
    Rung,
    /// Whether a run is for fitting or a target.
    Role,
    Parameters,
    Tokens,
    Step,
    Task,
    Loss(Whose),
    Accuracy(Whose),
    /// Any other number.
    Feature(Whose, String),
    /// Text that nothing asks for.
    Label,
}

/// Which tasks a cell speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whose {
    /// The task that its row names, or every task of a wide row.
    Row,
    /// The task that its column names.
    Task(String),
}

const LOSSES: [&str; 3] = ["loss", "bpb", "task_loss"];
const ACCURACIES: [&str; 4] = ["accuracy", "acc", "resolve_rate", "score"];

/// The meaning of every column of a table.
pub(super) struct Layout {
    pub(super) columns: Vec<Column>,
    /// The tasks that columns name; empty for a long table.
    pub(super) tasks: BTreeSet<String>,
}

impl Layout {
    /// The layout of a table of checkpoints, or why it is none.
    pub(super) fn of(table: &Table) -> Result<Self, String> {
        let lower: Vec<String> = table.header.iter().map(|h| h.to_lowercase()).collect();
        let is_long = lower.iter().any(|name| name == "task");
        let tasks: BTreeSet<String> = if is_long {
            BTreeSet::new()
        } else {
            let of = |name: &String| suffixed(name, &ACCURACIES);
            lower.iter().filter_map(of).collect()
        };
        let meaning = |(index, name): (usize, &String)| match name.as_str() {
            "run" | "run_name" => Column::Run,
            "rung" | "model" => Column::Rung,
            "role" | "mode" => Column::Role,
            "n" | "parameters" | "params" => Column::Parameters,
            "d" | "tokens" => Column::Tokens,
            "step" => Column::Step,
            "task" => Column::Task,
            name if is_long && LOSSES.contains(&name) => Column::Loss(Whose::Row),
            name if is_long && ACCURACIES.contains(&name) => Column::Accuracy(Whose::Row),
            name => of_a_task(name, &tasks).unwrap_or_else(|| {
                if is_text(table, index) {
                    Column::Label
                } else {
                    Column::Feature(Whose::Row, name.to_owned())
                }
            }),
        };
        let columns: Vec<Column> = lower.iter().enumerate().map(meaning).collect();
        let lacks = |wanted: &Column| !columns.contains(wanted);
        let needed = [
            ("run", Column::Run),
            ("n", Column::Parameters),
            ("tokens", Column::Tokens),
        ];
        let mut missing: Vec<&str> = needed
            .iter()
            .filter(|(_, column)| lacks(column))
            .map(|(name, _)| *name)
            .collect();
        let has_scores = columns
            .iter()
            .any(|column| matches!(column, Column::Loss(_) | Column::Accuracy(_)));
        if !has_scores {
            missing.push(if is_long { "loss or accuracy" } else { "task" });
        }
        if let Some(twice) = repeated(&columns) {
            return Err(format!("two columns say {twice:?}"));
        }
        if missing.is_empty() {
            Ok(Self { columns, tasks })
        } else {
            Err(format!("no column {}", missing.join(", ")))
        }
    }
}

/// The part of a column's name before one of the endings.
fn suffixed(name: &str, endings: &[&str]) -> Option<String> {
    let task = |ending: &&str| name.strip_suffix(ending)?.strip_suffix('_');
    let task = endings.iter().find_map(task)?;
    (!task.is_empty()).then(|| task.to_owned())
}

/// The meaning of a column that begins with the name of a task, the longest such name counting.
fn of_a_task(name: &str, tasks: &BTreeSet<String>) -> Option<Column> {
    let of = |task: &String| {
        let rest = name.strip_prefix(task.as_str())?.strip_prefix('_')?;
        Some((task.clone(), rest.to_owned()))
    };
    let found = tasks.iter().filter_map(of);
    let (task, rest) = found.max_by_key(|(task, _)| task.len())?;
    let whose = Whose::Task(task);
    Some(if LOSSES.contains(&rest.as_str()) {
        Column::Loss(whose)
    } else if ACCURACIES.contains(&rest.as_str()) {
        Column::Accuracy(whose)
    } else {
        Column::Feature(whose, rest)
    })
}

/// Whether a column has cells and none of them is a number.
fn is_text(table: &Table, index: usize) -> bool {
    let mut cells = table.rows.iter().map(|row| row.cells[index].as_str());
    let has_cells = table.rows.iter().any(|row| !is_missing(&row.cells[index]));
    has_cells && !cells.any(|cell| cell.parse::<f64>().is_ok())
}

fn repeated(columns: &[Column]) -> Option<&Column> {
    let is_twice = |index: usize| columns[..index].contains(&columns[index]);
    let twice =
        (0..columns.len()).find(|&index| columns[index] != Column::Label && is_twice(index));
    twice.map(|index| &columns[index])
}
