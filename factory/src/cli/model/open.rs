//! Models that verbs are given: by a name of the store, as a folder, or as a GGUF file.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use swemill_model::{
    Host, Options,
    host::Setup,
    kernels,
    store::{self, Store},
};

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

/// Where a model lies, and what it is called.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) name: String,
    pub(super) path: PathBuf,
}

impl Place {
    /// Looks in the store first, then among folders and files.
    pub(super) fn find(given: &str, store: &Store) -> anyhow::Result<Self> {
        let missing = match store.get(given) {
            Ok(installed) => {
                return Ok(Self {
                    name: given.to_owned(),
                    path: installed.weights(),
                });
            }
            Err(error @ (store::Error::NotInStore { .. } | store::Error::Reference { .. })) => {
                error
            }
            Err(error) => return Err(error.into()),
        };
        let path = Path::new(given);
        if !path.exists() {
            return Err(missing).with_context(|| {
                format!("`{given}` is neither a model of the store nor a folder or file; `swemill model pull` fetches models")
            });
        }
        let stem = path.file_stem().unwrap_or(path.as_os_str());
        Ok(Self {
            name: stem.to_string_lossy().into_owned(),
            path: path.to_owned(),
        })
    }

    /// Opens the model and starts its engine, away from the threads that answer.
    pub(super) async fn host(&self, setup: Setup) -> anyhow::Result<Host> {
        let place = self.clone();
        let open = move || Host::open(&place.name, &place.path, &Options::default(), &setup);
        let host = tokio::task::spawn_blocking(open).await?;
        host.with_context(|| format!("could not open the model `{}`", self.name))
    }
}
