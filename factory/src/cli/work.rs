//! `swemill work`: run queued jobs on this machine.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::exit;
use super::output::Output;
use super::progress::Progress;
use crate::machine::Machine;
use crate::service::Service;
use crate::settings::Settings;
use crate::worker::{Stopped, Worker};

/// Which jobs are worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Jobs {
    All,
    Rollouts,
}

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Stop when nothing is left to do
    #[arg(long)]
    until_idle: bool,
    #[command(flatten)]
    workers: WorkerArguments,
}

/// How much runs at one time; shared by `work` and `run`.
#[derive(Debug, Args)]
pub(super) struct WorkerArguments {
    /// Jobs that run at one time (default: the number of cores)
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
    /// The kind of sandbox (default: what works here)
    #[arg(long, value_name = "KIND", value_parser = ["native", "docker", "auto"])]
    backend: Option<String>,
}

impl WorkerArguments {
    pub(super) fn overrides(&self) -> Vec<String> {
        let workers = self.workers.iter().map(|n| format!("workers={n}"));
        let backend = self.backend.iter().map(|kind| format!("backend={kind}"));
        workers.chain(backend).collect()
    }
}

impl Arguments {
    pub(super) fn overrides(&self) -> Vec<String> {
        self.workers.overrides()
    }
}

pub(super) async fn run(
    arguments: Arguments,
    settings: Settings,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let service = Service::open(settings).await?;
    let stopped = until(&service, Jobs::All, arguments.until_idle, output).await?;
    service.close().await?;
    if output.is_json() {
        output.document(&serde_json::json!({ "stopped": match stopped {
            Stopped::Idle => "idle",
            Stopped::Interrupted => "interrupted",
        }}))?;
    }
    Ok(match stopped {
        Stopped::Idle => ExitCode::SUCCESS,
        Stopped::Interrupted => ExitCode::from(exit::INTERRUPTED),
    })
}

/// Works, showing progress, until there is nothing left or the user stops it.
pub(super) async fn until(
    service: &Service,
    jobs: Jobs,
    until_idle: bool,
    output: &Output,
) -> anyhow::Result<Stopped> {
    let progress = Arc::new(Progress::new(output));
    let machine = Machine::open(service, progress.clone()).await?;
    machine.tell_backlog().await?;
    let (asked, stop) = watch::channel(false);
    let signals = tokio::spawn(stop_on_signal(asked));
    let machine = Arc::new(machine);
    let worker = match jobs {
        Jobs::All => Worker::new(machine),
        Jobs::Rollouts => Worker::for_rollouts(machine),
    };
    let stopped = worker.run(until_idle, stop).await;
    signals.abort();
    progress.finish();
    if matches!(stopped, Ok(Stopped::Interrupted)) {
        output.note("stopped; unfinished jobs went back to the queue");
    }
    stopped
}

async fn stop_on_signal(asked: watch::Sender<bool>) {
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    let _ = asked.send(true);
    // Keeps the channel open: its end would read as a stop as well.
    std::future::pending::<()>().await;
}
