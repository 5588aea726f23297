//! How verbs open a model and compute with it.

use anyhow::Context as _;
use clap::Args;
use swemill_model::{
    Host, Options,
    device::{DeviceChoice, NumberFormat},
    host::Setup,
    kernels,
};

use crate::models::Model;
use crate::settings::Settings;

/// How a model computes.
#[derive(Debug, Clone, Args)]
pub(super) struct Computing {
    /// Threads that compute (default: as many as the process may use processors)
    #[arg(long, value_name = "N")]
    threads: Option<std::num::NonZeroUsize>,
    /// Memory for keys and values of all sequences and kept prefixes, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 2048)]
    cache: u64,
    #[command(flatten)]
    pub(super) target: Target,
}

/// Where a model computes, and in what.
#[derive(Debug, Clone, Args)]
pub(super) struct Target {
    /// Where to compute: cpu, cuda, cuda:N, or auto for a GPU where there is one (default: the setting `device`, auto)
    #[arg(long, value_name = "DEVICE")]
    device: Option<DeviceChoice>,
    /// The numbers to compute in: f32, bf16, f16 or f64 (default: f32 on the CPU, bf16 on a GPU)
    #[arg(long = "dtype", value_name = "FORMAT")]
    numbers: Option<NumberFormat>,
}

impl Target {
    /// Fills in what the settings say.
    pub(super) fn settle(&mut self, settings: &Settings) {
        self.device.get_or_insert(settings.device);
    }

    /// Opens the device.
    pub(super) fn options(&self) -> anyhow::Result<Options> {
        Ok(Options::at(self.device.unwrap_or_default(), self.numbers)?)
    }
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
pub(super) async fn host(model: &Model, setup: Setup, target: &Target) -> anyhow::Result<Host> {
    let Model { name, weights, .. } = model.clone();
    let options = target.options()?;
    let open = move || Host::open(&name, &weights, &options, &setup);
    let host = tokio::task::spawn_blocking(open).await?;
    host.with_context(|| format!("could not open the model `{}`", model.name))
}
