//! Which kind of sandbox is used: what the settings ask for, or what works here.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use swemill_sandbox::docker::{DockerBackend, Options, Probe};
use swemill_sandbox::native::{Launcher, NativeBackend};
use swemill_sandbox::{Backend, Error, Result};

use crate::settings::Settings;

/// The name of the backend whose sandboxes show this machine's own system.
pub(crate) const NATIVE: &str = "native";

/// The setting `backend`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wanted {
    /// Namespaces of this machine's kernel.
    Native,
    /// Containers of an engine.
    Docker,
    /// Native where it works, else Docker.
    Auto,
}

/// What was chosen, and why.
#[derive(Debug)]
pub struct Choice {
    /// Where sandboxes for tests come from.
    pub backend: Arc<dyn Backend>,
    /// Why it is this one, in words.
    pub reason: String,
}

/// How containers are made, by the settings.
pub fn docker_options(settings: &Settings) -> Options {
    let named = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Options {
        host: named(&settings.docker_host),
        base_image: settings.docker_base_image.clone(),
        runtime: named(&settings.docker_runtime),
        processors: Some(settings.docker_processors).filter(|processors| *processors > 0.0),
        launcher: Launcher::default(),
    }
}

/// Chooses; says what to do when nothing works.
pub async fn choose(settings: &Settings) -> Result<Choice> {
    match settings.backend {
        Wanted::Native => Ok(Choice {
            backend: Arc::new(native()),
            reason: "`backend` is `native`".into(),
        }),
        Wanted::Docker => Ok(Choice {
            backend: docker(settings).await?,
            reason: "`backend` is `docker`".into(),
        }),
        Wanted::Auto => automatic(settings).await,
    }
}

async fn automatic(settings: &Settings) -> Result<Choice> {
    let native = native();
    let report = native.probe().await;
    if report.usable() {
        return Ok(Choice {
            backend: Arc::new(native),
            reason: "native sandboxes work here".into(),
        });
    }
    let missing = report
        .capabilities
        .iter()
        .find(|capability| capability.required && !capability.works);
    let (finding, remedy) = missing.map_or_else(Default::default, |capability| {
        (
            capability.finding.clone(),
            capability.remedy.clone().unwrap_or_default(),
        )
    });
    match docker(settings).await {
        Ok(backend) => Ok(Choice {
            backend,
            reason: format!("native sandboxes do not work here ({finding})"),
        }),
        Err(error) => Err(Error::Unavailable {
            backend: NATIVE,
            reason: finding,
            remedy: format!("{remedy}; nor is there another: {error}"),
        }),
    }
}

/// Where environments are built, which needs host folders that are written to.
pub fn native() -> NativeBackend {
    NativeBackend::new(Launcher::default())
}

async fn docker(settings: &Settings) -> Result<Arc<dyn Backend>> {
    let options = docker_options(settings);
    Probe::look(&options).await?.usable(&options)?;
    Ok(Arc::new(DockerBackend::connect(options).await?))
}
