//! `swemill model serve`.

use std::{process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use swemill_model::{
    host::{Embedder, Setup},
    server::{self, ServerOptions, Service},
    store::Store,
};
use tokio::net::TcpListener;

use super::open::{self, Computing};
use crate::cli::{
    exit,
    output::Output,
    serving::{Signals, api_key},
};
use crate::models::{self, Model};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// A model that writes: of the store, a folder, or a GGUF file; may be given several times
    #[arg(long = "model", value_name = "MODEL")]
    models: Vec<String>,
    /// A sentence encoder for /v1/embeddings: of the store, or a folder; may be given several times
    #[arg(long = "embedding-model", value_name = "MODEL")]
    embedding_models: Vec<String>,
    /// The address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    host: String,
    /// The port to listen on; 0 for any that is free
    #[arg(long, value_name = "PORT", default_value_t = 8000)]
    port: u16,
    /// The variable that holds the key which clients must show (default: none is asked for)
    #[arg(long, value_name = "NAME")]
    api_key_env: Option<String>,
    /// Sequences that are answered at the same time at most
    #[arg(long, value_name = "N", default_value_t = Setup::default().sequences)]
    sequences: usize,
    /// Requests that may wait; more are refused with status 429
    #[arg(long, value_name = "N", default_value_t = Setup::default().queue)]
    queue: usize,
    /// Rows of a step at most: how long a long prompt may hold up everyone's next token
    #[arg(long, value_name = "N", default_value_t = Setup::default().step_tokens)]
    step_tokens: usize,
    /// Tokens that are guessed ahead by looking into the prompt, at most; 0 for none
    #[arg(long, value_name = "N", default_value_t = Setup::default().guesses)]
    guesses: usize,
    /// Do not keep the keys and values of prompts for requests that begin alike
    #[arg(long)]
    no_prefix_cache: bool,
    /// Bytes of a request at most
    #[arg(long, value_name = "BYTES", default_value_t = ServerOptions::default().body_bytes)]
    body_limit: usize,
    /// Seconds that running answers have to come to their end when the server is told to stop
    #[arg(long, value_name = "SECONDS", default_value_t = ServerOptions::default().drain.as_secs())]
    drain: u64,
    #[command(flatten)]
    pub(super) computing: Computing,
}

/// Serves until Ctrl-C or SIGTERM.
pub(super) async fn run(
    arguments: Arguments,
    store: &Store,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let options = arguments.options()?;
    if arguments.models.is_empty() && arguments.embedding_models.is_empty() {
        anyhow::bail!(
            "nothing to serve: name a model with --model or --embedding-model; `swemill model list` shows what is there"
        );
    }
    // Before anything that takes long: a port that is taken is known at once.
    let address = (arguments.host.as_str(), arguments.port);
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("could not listen on {}:{}", address.0, address.1))?;
    let signals = Signals::new()?;
    arguments.computing.start_threads();
    let mut hosts = Vec::new();
    for model in &arguments.models {
        output.note(format!("opening {model}"));
        let model = models::find(model, store)?;
        let target = &arguments.computing.target;
        hosts.push(open::host(&model, arguments.setup(), target).await?);
    }
    let mut embedders = Vec::new();
    for model in &arguments.embedding_models {
        output.note(format!("opening {model}"));
        embedders.push(open_embedder(model, store)?);
    }
    let names: Vec<String> = hosts
        .iter()
        .map(|host| host.name().to_owned())
        .chain(embedders.iter().map(|embedder| embedder.name().to_owned()))
        .collect();
    let url = format!("http://{}/v1", listener.local_addr()?);
    if output.is_json() {
        output.document(&json!({"url": url, "models": names}))?;
    } else {
        output.line(format!("{} serves {}", output.bold(&url), names.join(", ")));
    }
    let service = Service::new(hosts, embedders, options);
    let whole = server::serve(listener, service, signals.wait()).await?;
    Ok(if whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(exit::DISAPPOINTED)
    })
}

impl Arguments {
    fn options(&self) -> anyhow::Result<ServerOptions> {
        Ok(ServerOptions {
            api_key: api_key(self.api_key_env.as_deref())?,
            body_bytes: self.body_limit,
            drain: Duration::from_secs(self.drain),
            ..ServerOptions::default()
        })
    }

    fn setup(&self) -> Setup {
        Setup {
            sequences: self.sequences,
            queue: self.queue,
            step_tokens: self.step_tokens,
            guesses: self.guesses,
            prefix_cache: !self.no_prefix_cache,
            ..self.computing.setup()
        }
    }
}

fn open_embedder(given: &str, store: &Store) -> anyhow::Result<Embedder> {
    let Model { name, place, .. } = models::find(given, store)?;
    Embedder::open(&name, &place).with_context(|| format!("could not open the encoder `{name}`"))
}
