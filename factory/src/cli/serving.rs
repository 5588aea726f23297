//! What verbs that serve have in common: when to stop, and the key.

use anyhow::Context as _;
use swemill_model::server::http::Key;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-C and SIGTERM, heard from the moment this is made.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for one of them.
    pub(super) async fn wait(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// The key in the variable that `--api-key-env` names, if it names one.
pub(super) fn api_key(variable: Option<&str>) -> anyhow::Result<Option<Key>> {
    let Some(name) = variable else {
        return Ok(None);
    };
    let key = std::env::var(name).ok().and_then(|key| Key::new(&key));
    let key = key.with_context(|| {
        format!(
            "--api-key-env names `{name}`, which is not set; the server would be open to everyone"
        )
    })?;
    Ok(Some(key))
}
