//! What of the data was left out, and why: nothing is dropped silently.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// Why something was left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A file is not a table of checkpoints.
    NotATable,
    /// A cell that the row cannot do without is empty: the row is left out.
    RowWithout,
    /// A cell is empty or NaN: the cell is left out, its row stays.
    MissingCell,
    /// A cell is not a number.
    NotANumber,
    /// A loss or size is not above zero, or an accuracy not within 0 to 1.
    OutOfRange,
    /// The run has a later row of the same step and task, which counts.
    DuplicateStep,
    /// The run has too few checkpoints of the task.
    TooFewCheckpoints,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotATable => "not a table of checkpoints",
            Self::RowWithout => "rows without a needed cell",
            Self::MissingCell => "empty cells",
            Self::NotANumber => "cells that are no number",
            Self::OutOfRange => "values out of range",
            Self::DuplicateStep => "rows repeated later",
            Self::TooFewCheckpoints => "runs with too few checkpoints",
        })
    }
}

/// A kind of thing that was left out, how often, and where first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exclusion {
    /// Why.
    pub reason: Reason,
    /// The column, file or run.
    pub subject: String,
    /// How often.
    pub count: usize,
    /// Where the first one is.
    pub first: String,
}

impl fmt::Display for Exclusion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            reason,
            subject,
            count,
            first,
        } = self;
        write!(formatter, "{reason}: {subject}, {count} (first: {first})")
    }
}

/// Gathers exclusions, one entry a reason and subject.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exclusions(BTreeMap<(Reason, String), (usize, String)>);

impl Exclusions {
    pub(crate) fn add(
        &mut self,
        reason: Reason,
        subject: impl Into<String>,
        place: impl fmt::Display,
    ) {
        let entry = self.0.entry((reason, subject.into()));
        entry.or_insert_with(|| (0, place.to_string())).0 += 1;
    }

    pub(crate) fn into_list(self) -> Vec<Exclusion> {
        let list = self.0.into_iter();
        list.map(|((reason, subject), (count, first))| Exclusion {
            reason,
            subject,
            count,
            first,
        })
        .collect()
    }
}
