//! `swemill serve`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use tokio::net::TcpListener;

use super::output::Output;
use super::progress::Progress;
use super::serving::{Signals, api_key};
use super::{exit, work};
use crate::episodes::{Bounds, Episodes};
use crate::machine::Machine;
use crate::serve::{ServeOptions, openapi, serve};
use crate::service::Service;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The address to listen on; port 0 for any that is free
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The variable that holds the key which clients must show (default: none is asked for)
    #[arg(long, value_name = "NAME")]
    api_key_env: Option<String>,
    /// Episodes that are open at one time (default: as memory and processors allow)
    #[arg(long, value_name = "N")]
    episodes: Option<usize>,
    /// Seconds after which an episode that nobody asks anything is closed
    #[arg(long, value_name = "SECONDS", default_value_t = 1800, value_parser = clap::value_parser!(u64).range(1..))]
    idle_seconds: u64,
    /// A folder of prompt templates in place of built-in ones
    #[arg(long, value_name = "DIR")]
    templates: Option<PathBuf>,
    /// Bytes of a request at most
    #[arg(long, value_name = "BYTES", default_value_t = ServeOptions::default().body_bytes)]
    body_limit: usize,
    /// Seconds that steps and grades have to come to their end when the server is told to stop
    #[arg(long, value_name = "SECONDS", default_value_t = ServeOptions::default().drain.as_secs())]
    drain: u64,
    /// Print the description of the interface (openapi.json) and do nothing else
    #[arg(long)]
    openapi: bool,
    #[command(flatten)]
    workers: work::WorkerArguments,
}

impl Arguments {
    pub(super) fn overrides(&self) -> Vec<String> {
        let episodes = self.episodes.iter().map(|n| format!("rollouts={n}"));
        self.workers
            .overrides()
            .into_iter()
            .chain(episodes)
            .collect()
    }
}

/// Serves until Ctrl-C or SIGTERM.
pub(super) async fn run(
    arguments: Arguments,
    settings: Settings,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    if arguments.openapi {
        output.document(&openapi::document())?;
        return Ok(ExitCode::SUCCESS);
    }
    let options = ServeOptions {
        api_key: api_key(arguments.api_key_env.as_deref())?,
        body_bytes: arguments.body_limit,
        drain: Duration::from_secs(arguments.drain),
        ..ServeOptions::default()
    };
    let bounds = Bounds {
        episodes: settings.attempts_at_once(),
        idle: Duration::from_secs(arguments.idle_seconds),
    };
    // Before anything that takes long: an address that is taken is known at once.
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("could not listen on {}", arguments.listen))?;
    let signals = Signals::new()?;
    let service = Service::open(settings).await?;
    let machine = Machine::open(&service, Arc::new(Progress::new(output))).await?;
    let episodes = Episodes::new(Arc::new(machine), bounds, arguments.templates.as_deref())?;
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() && options.api_key.is_none() {
        output.note("whoever reaches this address can run commands in sandboxes here: --api-key-env asks for a key");
    }
    let url = format!("http://{address}");
    if output.is_json() {
        output.document(&json!({"url": url, "episodes": bounds.episodes}))?;
    } else {
        output.line(format_args!(
            "{} serves episodes, {} at one time; {url}/docs tells how",
            output.bold(&url),
            bounds.episodes
        ));
    }
    let is_whole = serve(listener, episodes, options, signals.wait()).await?;
    service.close().await?;
    Ok(if is_whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(exit::DISAPPOINTED)
    })
}
