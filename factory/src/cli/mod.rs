//! The command line: what can be said, and one module a verb.

mod add;
mod config;
mod doctor;
mod enter;
mod export;
mod grade;
mod harmless;
mod image;
mod instances;
mod model;
mod mutate;
mod output;
mod progress;
mod research;
mod rollout;
mod rollouts;
mod run;
mod sampling;
mod serve;
mod serving;
mod status;
mod tried;
mod verify;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::settings::{self, Resolved};

/// Exit codes, as documented in docs/CLI.md.
pub(crate) mod exit {
    /// The command did its work, and what it worked on is not as asked: a source yielded nothing, a
    /// verification disagreed.
    pub(crate) const DISAPPOINTED: u8 = 1;
    /// The command could not do its work.
    pub(crate) const FAILED: u8 = 3;
    /// The command was interrupted.
    pub(crate) const INTERRUPTED: u8 = 130;
}

/// Make training data for software-engineering agents from Python repositories.
#[derive(Debug, Parser)]
#[command(name = "swemill", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

/// What every verb understands.
#[derive(Debug, Args)]
struct Global {
    /// Settings file (default: swemill/config.toml in the XDG configuration folder)
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = "Global options"
    )]
    config: Option<PathBuf>,
    /// Override one setting; `swemill config` lists them
    #[arg(
        long = "set",
        global = true,
        value_name = "KEY=VALUE",
        help_heading = "Global options"
    )]
    overrides: Vec<String>,
    /// Print one JSON document and nothing else
    #[arg(long, global = true, help_heading = "Global options")]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Queue sources for task synthesis
    Add(add::Arguments),
    /// Run queued jobs on this machine
    Work(work::Arguments),
    /// Queue sources, work until they are done, and sum up: the one-shot form
    Run(run::Arguments),
    /// Print the candidates of a folder as JSON lines: no store, no sandbox
    Mutate(mutate::Arguments),
    /// Show sources, jobs, candidates by outcome, rates, failures by class
    Status,
    /// List instances, or show one with its diff and tests
    Instances(instances::Arguments),
    /// Look at what an agent gets for an instance, or run a command there
    Enter(enter::Arguments),
    /// Re-run instances the slow, clean way; non-zero exit on any disagreement
    Verify(verify::Arguments),
    /// Judge predictions in SWE-bench's format and report as SWE-bench does
    Grade(grade::Arguments),
    /// Queue attempts of an agent at instances
    Rollout(Box<rollout::Arguments>),
    /// List rollouts, show one, export trajectories, sum up
    Rollouts(rollouts::Arguments),
    /// Serve an environment for reinforcement learning over HTTP
    Serve(serve::Arguments),
    /// Write a data set
    Export(export::Arguments),
    /// Make, list, send and remove the images that containers are made of
    Image(image::Arguments),
    /// Fetch, look at, run and serve language models
    Model {
        #[command(subcommand)]
        verb: model::Verb,
    },
    /// Research methods, one sub-command each
    Research {
        #[command(subcommand)]
        method: research::Method,
    },
    /// Say what works on this machine, and how to mend what does not
    Doctor,
    /// Print the settings in force and where each comes from
    Config,
}

/// Reads the command line, does what it says, and reports how that went.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = output::Output::new(cli.global.json);
    output::log_to_stderr();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return output.failed(&anyhow::Error::new(error).context("cannot start the runtime"));
        }
    };
    match runtime.block_on(dispatch(cli, &output)) {
        Ok(code) => code,
        Err(error) => output.failed(&error),
    }
}

async fn dispatch(cli: Cli, output: &output::Output) -> anyhow::Result<ExitCode> {
    // Flags that have a setting of their own are overrides like any other, so that `config` explains them.
    let mut overrides = cli.global.overrides;
    overrides.extend(match &cli.verb {
        Verb::Add(arguments) => arguments.request.overrides(),
        Verb::Run(arguments) => arguments.overrides(),
        Verb::Work(arguments) => arguments.overrides(),
        Verb::Verify(arguments) => arguments.overrides(),
        Verb::Grade(arguments) => arguments.overrides(),
        Verb::Rollout(arguments) => arguments.overrides(),
        Verb::Serve(arguments) => arguments.overrides(),
        _ => Vec::new(),
    });
    let variables = |name: &str| std::env::var(name).ok();
    let Resolved { settings, origins } =
        settings::resolve(cli.global.config.as_deref(), &overrides, &variables)?;
    match cli.verb {
        Verb::Add(arguments) => add::run(arguments, settings, output).await,
        Verb::Work(arguments) => work::run(arguments, settings, output).await,
        Verb::Run(arguments) => run::run(arguments, settings, output).await,
        Verb::Mutate(arguments) => mutate::run(&arguments),
        Verb::Status => status::run(settings, output).await,
        Verb::Instances(arguments) => instances::run(arguments, settings, output).await,
        Verb::Enter(arguments) => enter::run(arguments, settings, output).await,
        Verb::Verify(arguments) => verify::run(arguments, settings, output).await,
        Verb::Grade(arguments) => grade::run(arguments, settings, output).await,
        Verb::Rollout(arguments) => rollout::run(*arguments, settings, output).await,
        Verb::Rollouts(arguments) => rollouts::run(arguments, settings, output).await,
        Verb::Serve(arguments) => serve::run(arguments, settings, output).await,
        Verb::Export(arguments) => export::run(arguments, settings, output).await,
        Verb::Image(arguments) => image::run(arguments, settings, output).await,
        Verb::Model { verb } => model::run(verb, settings, output).await,
        Verb::Research { method } => research::run(method, output),
        Verb::Doctor => doctor::run(settings, output).await,
        Verb::Config => config::run(&settings, &origins, output),
    }
}
