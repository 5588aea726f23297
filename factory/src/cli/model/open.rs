//! How verbs open a model and compute with it.

use anyhow::Context as _;
use clap::Args;
use swemill_model::{Host, Options, host::Setup, kernels};

use crate::models::Model;

/// How a model computes.
#[derive(Debug, Clone, Args)]
pub(super) struct Computing {
    /// Threads that compute (default: as many as the process may use processors)
    #[arg(long, value_name = "N")]
    threads: Option<std::num::NonZeroUsize>,
    /// Memory for keys and values of all sequences and kept prefixes, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 2048)]
    cache: u64,
}

impl Computing {
    /// The size of an engine; other limits are the default ones.
    pub(super) fn setup(&self) -> Setup {
        Setup {
            cache_bytes: self.cache.saturating_mul(1 << 20),
            ..Setup::default()
        }
    }

    /// Starts the threads that compute; before anything has been computed.
    pub(super) fn start_threads(&self) {
        if let Some(threads) = self.threads {
            kernels::start_threads(threads.get());
        }
    }
}

/// Opens the model and starts its engine, away from the threads that answer.
pub(super) async fn host(model: &Model, setup: Setup) -> anyhow::Result<Host> {
    let Model { name, weights, .. } = model.clone();
    let open = move || Host::open(&name, &weights, &Options::default(), &setup);
    let host = tokio::task::spawn_blocking(open).await?;
    host.with_context(|| format!("could not open the model `{}`", model.name))
}
