//! What every verb of a ladder asks for: the data, and how to fit it.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use swemill_research::ladder::{self, Form, Ladder, LadderFit, Link, Method, Role, Table};

use crate::cli::output::Output;

#[derive(Debug, Args)]
pub(super) struct FitArguments {
    /// A table of checkpoints as .csv or .jsonl, or a folder of them (docs/research/ladders.md)
    #[arg(
        long,
        value_name = "PATH",
        env = "SWEMILL_LADDER_DATA",
        hide_env_values = true
    )]
    data: PathBuf,
    /// Tasks to fit, separated by commas (default: all)
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    tasks: Vec<String>,
    /// Runs to predict instead of fitting them, beside those that the data marks as targets
    #[arg(long, value_name = "RUNS", value_delimiter = ',')]
    targets: Vec<String>,
    /// The way from size to accuracy
    #[arg(long, value_enum, default_value_t = FormName::TwoStep, help_heading = "Method")]
    form: FormName,
    /// The feature between the steps: a column's name (default: the task's loss)
    #[arg(long, value_name = "NAME", help_heading = "Method")]
    feature: Option<String>,
    /// The second step's curve; log-sigmoid also sets --skip 0.5 --window 1 and no ideal point, as in the paper
    #[arg(long, value_enum, default_value_t = LinkName::Sigmoid, help_heading = "Method")]
    link: LinkName,
    /// A run's final value is the mean over so many last checkpoints
    #[arg(long, value_name = "N", default_value_t = 5, help_heading = "Method")]
    last: usize,
    /// The share of first checkpoints that the second step leaves out (default: 0.1)
    #[arg(long, value_name = "SHARE", help_heading = "Method")]
    skip: Option<f64>,
    /// The second step sees moving averages over so many checkpoints (default: 5)
    #[arg(long, value_name = "N", help_heading = "Method")]
    window: Option<usize>,
    /// Do not ask the second step to pass near accuracy 1 at loss 0
    #[arg(long, help_heading = "Method")]
    no_ideal_point: bool,
    /// Places that each fit starts from; the best end counts
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = "Method")]
    starts: usize,
    /// Names the random starts and samples
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Method")]
    seed: u64,
    /// The accuracy of guessing at a task, where a fit starts (default: known, or 0.25)
    #[arg(long, value_name = "TASK=SHARE", help_heading = "Method")]
    chance: Vec<String>,
}

/// The forms, as flags name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormName {
    /// Loss by size and tokens, then accuracy by loss
    TwoStep,
    /// Loss by compute, then accuracy by loss
    Compute,
    /// Accuracy by size and tokens at once
    SingleStep,
}

/// The second step's curves, as flags name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LinkName {
    /// For task losses and losses of language
    Sigmoid,
    /// For task cross-entropy
    LogSigmoid,
}

impl FitArguments {
    /// Reads the data.
    pub(super) fn ladder(&self) -> anyhow::Result<Ladder> {
        let mut ladder = ladder::read(&self.data)?;
        for target in &self.targets {
            ladder.run(target)?;
        }
        for run in &mut ladder.runs {
            if self.targets.contains(&run.name) {
                run.role = Role::Target;
            }
        }
        Ok(ladder)
    }

    /// Fits it.
    pub(super) fn fit(&self, ladder: &Ladder) -> anyhow::Result<LadderFit> {
        Ok(ladder::fit(ladder, &self.tasks, &self.method()?)?)
    }

    /// What the report calls the data.
    pub(super) fn source(&self) -> String {
        let name = self.data.file_name().unwrap_or(self.data.as_os_str());
        name.to_string_lossy().into_owned()
    }

    fn method(&self) -> anyhow::Result<Method> {
        let base = match self.link {
            LinkName::Sigmoid => Method::default(),
            LinkName::LogSigmoid => Method::cross_entropy(""),
        };
        let chance = self.chance.iter().map(|text| {
            let parts = text.split_once('=');
            let (task, share) =
                parts.with_context(|| format!("--chance {text} is not TASK=SHARE"))?;
            let Ok(share) = share.parse() else {
                bail!("--chance {text}: {share:?} is not a number; give a share such as 0.25");
            };
            Ok((task.to_owned(), share))
        });
        Ok(Method {
            form: match self.form {
                FormName::TwoStep => Form::TwoStep,
                FormName::Compute => Form::Compute,
                FormName::SingleStep => Form::SingleStep,
            },
            link: match self.link {
                LinkName::Sigmoid => Link::Sigmoid,
                LinkName::LogSigmoid => Link::LogSigmoid,
            },
            feature: self.feature.clone(),
            last: self.last,
            skip: self.skip.unwrap_or(base.skip),
            window: self.window.unwrap_or(base.window),
            ideal_point: base.ideal_point && !self.no_ideal_point,
            starts: self.starts,
            seed: self.seed,
            chance: chance.collect::<anyhow::Result<_>>()?,
        })
    }
}

/// Prints a table under a bold heading.
pub(super) fn print_table(output: &Output, heading: &str, table: &Table) {
    output.line(output.bold(heading));
    for line in table.text() {
        output.line(format_args!("  {line}"));
    }
    output.line("");
}

/// Says what was left out, on stderr.
pub(super) fn note_left_out(output: &Output, fits: &LadderFit) {
    for failure in &fits.failures {
        output.note(format_args!("not fitted: {}", failure.problem));
    }
    for exclusion in &fits.exclusions {
        output.note(format_args!("left out: {exclusion}"));
    }
}
