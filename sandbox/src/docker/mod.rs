//! Sandboxes made of containers, through the interface of Docker's engine: Docker itself, rootless or not, and
//! Podman's service.
//!
//! A container is started from an image that holds everything read-only; what commands may write is memory of a
//! fixed size. Its first process is this program, brought along in the image: it serves requests over the
//! container's standard input and output as the native backend's serves them over a socket, with the same
//! machinery for starting, confining and sweeping up commands. So one container lives through many commands, and
//! no command costs a call of the engine.
//!
//! Reading order: [`engine`] finding one, [`failure`] what it refuses, [`labels`] whose containers are whose,
//! [`image`] and [`prepared`] (with [`passing`]) from a spec to an image, [`container`] what a container is created with,
//! [`frames`] and [`connection`] the conversation, [`sandbox`], [`harvest`] a build's result, [`reaper`],
//! [`first`] the other side, [`probe`] what works here, [`images`] managing what is stored.

mod connection;
mod container;
mod engine;
mod failure;
pub(crate) mod first;
mod frames;
mod harvest;
pub(crate) mod image;
pub mod images;
mod labels;
mod passing;
mod prepared;
mod probe;
mod reaper;
mod sandbox;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

pub use image::agent::ARGUMENT as FIRST_ARGUMENT;
pub use images::{Image, Images};
pub use probe::Probe;

use crate::native::user::HostUser;
use crate::native::{Launcher, adopt, plan};
use crate::{Backend, Environment, EnvironmentSpec, Error, Limits, Result, Sandbox};
use engine::Engine;
use image::store::{self, Description};
pub(crate) use prepared::Prepared;

/// Becomes the first process of a container: for a helper program's `main`. Never returns.
pub fn first_main() -> ! {
    first::main()
}

/// The backend's name, in messages too.
pub(crate) const NAME: &str = "docker";

/// The base image that `swemill image bootstrap` makes.
pub const DEFAULT_BASE: &str = "swemill/base:latest";

/// How containers are made.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the engine listens (`unix:///…`, `tcp://…` or a path); found where engines usually are otherwise.
    pub host: Option<String>,
    /// The image that environments are put on.
    pub base_image: String,
    /// The runtime, such as gVisor's `runsc`; the engine's own choice otherwise.
    pub runtime: Option<String>,
    /// Processors that one sandbox may use.
    pub processors: Option<f64>,
    /// The program that becomes the first process.
    pub launcher: Launcher,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            host: None,
            base_image: DEFAULT_BASE.into(),
            runtime: None,
            processors: None,
            launcher: Launcher::default(),
        }
    }
}

/// Makes sandboxes out of containers.
#[derive(Clone, Debug)]
pub struct DockerBackend {
    engine: Engine,
    options: Arc<Options>,
}

impl DockerBackend {
    /// Finds an engine, and removes what dead processes left there.
    pub async fn connect(options: Options) -> Result<Self> {
        let engine = Engine::connect(options.host.as_deref()).await?;
        if let Some(runtime) = &options.runtime
            && !engine.facts.runtimes.contains(runtime)
        {
            return Err(Error::Unavailable {
                backend: NAME,
                reason: format!("the engine does not know the runtime `{runtime}`"),
                remedy:
                    "name it in the engine's configuration (`runtimes` in daemon.json), or change \
                         `docker_runtime`"
                        .into(),
            });
        }
        reaper::reap(&engine).await?;
        passing::reap();
        Ok(Self {
            engine,
            options: Arc::new(options),
        })
    }

    /// Removes the containers that dead processes left, and nothing else; how many there were.
    pub async fn reap(&self) -> Result<usize> {
        reaper::reap(&self.engine).await
    }

    /// The images of the engine.
    pub fn images(&self) -> Images {
        Images::new(self.engine.clone())
    }

    async fn make_image(&self, spec: Arc<EnvironmentSpec>) -> Result<Prepared> {
        let folder = passing::folder().map_err(|source| Error::Io {
            context: "making a folder for the environment's image".into(),
            source,
        })?;
        let (place, launcher) = (folder.path().to_path_buf(), self.options.launcher.clone());
        let made = Arc::clone(&spec);
        let access = container::access(&self.engine.facts);
        let write = move || {
            plan::check(&made)?;
            image::write(&made, &launcher, access, &place)
        };
        let parts = tokio::task::spawn_blocking(write)
            .await
            .map_err(|error| Error::Io {
                context: "writing the environment's image".into(),
                source: std::io::Error::other(error),
            })??;
        let description = Description {
            base: &self.options.base_image,
            labels: image_labels(&spec),
            working_directory: &spec.working_directory.to_string_lossy(),
        };
        let image = store::store(&self.engine, &description, &parts.layers, folder.path()).await?;
        Ok(Prepared {
            image,
            trees: parts.trees,
            archive: parts.archive,
        })
    }
}

/// What an image says of itself.
fn image_labels(spec: &EnvironmentSpec) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = spec
        .labels
        .iter()
        .map(|(name, value)| (format!("swemill.{name}"), value.clone()))
        .collect();
    all.insert(labels::KIND.into(), "environment".into());
    all.insert("swemill.digest".into(), spec.digest.clone());
    all
}

#[async_trait]
impl Backend for DockerBackend {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn prepare(&self, spec: &EnvironmentSpec) -> Result<Environment> {
        if spec.mounts.iter().any(|mount| mount.writable) {
            return Err(Error::Unsupported {
                backend: NAME,
                operation: "share a host folder writably",
            });
        }
        self.engine.wait_until_back().await?;
        let spec = Arc::new(spec.clone());
        let prepared = self.make_image(Arc::clone(&spec)).await?;
        Ok(Environment {
            spec,
            prepared: Some(Arc::new(prepared)),
        })
    }

    async fn start(&self, environment: &Environment, limits: &Limits) -> Result<Box<dyn Sandbox>> {
        self.engine.wait_until_back().await?;
        let start = async |prepared: &Prepared| {
            sandbox::DockerSandbox::start(
                &self.engine,
                &self.options,
                prepared,
                Arc::clone(&environment.spec),
                limits.clone(),
            )
            .await
        };
        if let Some(prepared) = &environment.prepared {
            match start(prepared).await {
                Ok(sandbox) => return Ok(Box::new(sandbox)),
                // Images are caches: one that was removed meanwhile is made again.
                Err(error) if store::exists(&self.engine, &prepared.image).await? => {
                    return Err(error);
                }
                Err(_) => {}
            }
        }
        let prepared = self.make_image(Arc::clone(&environment.spec)).await?;
        Ok(Box::new(start(&prepared).await?))
    }

    async fn adopt(&self, folder: &Path) -> Result<()> {
        // Images have their own owners, whatever the host's are: layers are kept as the native backend needs them.
        adopt::adopt(folder, HostUser::of_caller()).await
    }
}
