//! Sandboxes made of the Linux kernel's own means: namespaces, overlayfs, seccomp, resource limits and,
//! where they can be written, control groups. Works as root and as an ordinary user, without a daemon.
//!
//! Why not a crate or a tool that exists: a sandbox here lives through many commands and copies of itself
//! (one first process that serves requests), and hands each command a record channel. hakoniwa 1.8 has
//! namespaces, overlays, limits and, through a C library, seccomp; but every command of its is a container of
//! its own, so nothing in memory would last from one to the next, it passes on no descriptors but the standard
//! three, and it forks the calling process with all its threads. bubblewrap (0.8 in Debian 12) has neither
//! overlays nor limits, and maps one id where root needs two.
//!
//! Reading order: `launcher` how the first process is started, `user` who commands run as, `plan` from a spec
//! to what is sent there, `wire` the messages, `sandbox` and `control` the caller's side, `pipes` what commands
//! are connected to, `output` bounded streams, `template` processes that wait to be copied, `cgroup` control groups, `scratch` writes on older kernels,
//! `owner` names by which remains are known, `init` the other side, `probe` what works on this machine.

pub(crate) mod adopt;
mod cgroup;
mod control;
pub(crate) mod exec;
pub(crate) mod init;
mod launcher;
mod loopback;
pub(crate) mod output;
pub(crate) mod owner;
pub(crate) mod pipes;
pub(crate) mod plan;
mod probe;
mod sandbox;
pub(crate) mod scratch;
mod template;
pub(crate) mod user;
pub(crate) mod wire;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

pub use launcher::{INIT_ARGUMENT, Launcher, become_init_if_asked};
pub use probe::{Capability, Report};
pub use user::SANDBOX_HOST_ID;

use crate::{Backend, Command, Environment, EnvironmentSpec, Limits, Result, Sandbox, Template};
use cgroup::Groups;
use user::HostUser;

/// The backend's name, in messages too.
pub(crate) const NAME: &str = "native";

/// Becomes the first process of a sandbox: for a helper program's `main`. Never returns.
pub fn init_main() -> ! {
    init::keeper::main()
}

/// Makes sandboxes out of namespaces.
#[derive(Clone, Debug)]
pub struct NativeBackend {
    shared: Arc<Shared>,
}

/// What every sandbox of a backend is started with.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) launcher: Launcher,
    pub(crate) user: HostUser,
    pub(crate) groups: Groups,
    /// The folder whose programs and libraries sandboxes show.
    pub(crate) system: PathBuf,
    /// Where writes go that should be in memory, on kernels where they cannot be.
    pub(crate) scratch: Option<PathBuf>,
}

/// Which of the machine's means a backend uses where they are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Means {
    /// Control groups bound memory and processes; the first process watches them otherwise.
    pub control_groups: bool,
    /// What a sandbox writes to its trees stays in memory; it goes to a temporary host folder otherwise.
    pub memory_layers: bool,
}

impl Default for Means {
    /// All.
    fn default() -> Self {
        Self {
            control_groups: true,
            memory_layers: true,
        }
    }
}

impl NativeBackend {
    /// A backend that starts sandboxes with the given program, by the strongest means there are.
    pub fn new(launcher: Launcher) -> Self {
        Self::with_means(launcher, Means::default())
    }

    /// A backend that does without some means even where they are there. Also removes what dead callers
    /// left.
    pub fn with_means(launcher: Launcher, means: Means) -> Self {
        let groups = if means.control_groups {
            Groups::discover()
        } else {
            Groups::none("they are switched off")
        };
        groups.reap();
        let temporary = std::env::temp_dir();
        scratch::reap(&temporary);
        let in_memory = means.memory_layers && scratch::memory_takes_marks();
        Self {
            shared: Arc::new(Shared {
                launcher,
                user: HostUser::of_caller(),
                groups,
                scratch: (!in_memory).then_some(temporary),
                system: "/".into(),
            }),
        }
    }

    /// The same backend, whose sandboxes show another system's `/usr` and the like instead of this machine's: the
    /// top folder of a bootstrapped system, or of an unpacked image.
    pub fn showing(self, system: &Path) -> Result<Self> {
        let unusable = |reason: String| crate::Error::Path {
            path: system.to_path_buf(),
            reason,
        };
        let canonical = system
            .canonicalize()
            .map_err(|error| unusable(error.to_string()))?;
        if !canonical.join("usr").is_dir() {
            return Err(unusable(
                "there is no system in it: it has no folder `usr`".into(),
            ));
        }
        let shared = &self.shared;
        Ok(Self {
            shared: Arc::new(Shared {
                launcher: shared.launcher.clone(),
                user: shared.user,
                groups: shared.groups.clone(),
                system: canonical,
                scratch: shared.scratch.clone(),
            }),
        })
    }

    /// The host user and group id that commands run as.
    pub fn host_ids(&self) -> (u32, u32) {
        (self.shared.user.uid, self.shared.user.gid)
    }

    /// Looks at what this machine offers, and tries a sandbox.
    pub async fn probe(&self) -> Report {
        probe::probe(self).await
    }
}

#[async_trait]
impl Backend for NativeBackend {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn prepare(&self, spec: &EnvironmentSpec) -> Result<Environment> {
        plan::check(spec)?;
        Ok(Environment {
            spec: Arc::new(spec.clone()),
            prepared: None,
        })
    }

    async fn start(&self, environment: &Environment, limits: &Limits) -> Result<Box<dyn Sandbox>> {
        let sandbox = sandbox::NativeSandbox::start(
            Arc::clone(&self.shared),
            Arc::clone(&environment.spec),
            limits.clone(),
            None,
        )
        .await?;
        Ok(Box::new(sandbox))
    }

    async fn template(
        &self,
        environment: &Environment,
        limits: &Limits,
        command: &Command,
    ) -> Result<Box<dyn Template>> {
        let template = template::NativeTemplate::start(
            Arc::clone(&self.shared),
            Arc::clone(&environment.spec),
            limits.clone(),
            command,
        )
        .await?;
        Ok(Box::new(template))
    }

    async fn adopt(&self, folder: &Path) -> Result<()> {
        adopt::adopt(folder, self.shared.user).await
    }
}
