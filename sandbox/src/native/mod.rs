//! Sandboxes made of the Linux kernel's own means: namespaces, overlayfs, seccomp, resource limits and,
//! where they can be written, control groups. Works as root and as an ordinary user, without a daemon.
//!
//! Why not a crate or a tool that exists: a sandbox here lives through many commands and copies (one first
//! process that serves requests), kills each command's whole tree at once, carries a record channel and
//! overlays whose uppers share one sized memory, and must do so for root, who needs a second host id, as
//! well as for ordinary users. hakoniwa 1.8 runs one program a container and leaves all of these out;
//! bubblewrap (0.8 in Debian 12) has neither overlays nor limits and cannot map two ids. Both would leave
//! the hard part to us and add a process or a C library.
//!
//! Reading order: [`launcher`] how the first process is started, [`user`] who commands run as, [`plan`] from
//! a spec to what is sent there, [`wire`] the messages, [`sandbox`] the caller's side, [`output`] bounded
//! streams, [`cgroup`] control groups, [`init`] the other side, [`probe`] what works on this machine.

mod adopt;
mod cgroup;
mod control;
mod init;
mod launcher;
mod loopback;
mod output;
mod plan;
mod probe;
mod sandbox;
mod user;
mod wire;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

pub use launcher::{INIT_ARGUMENT, Launcher, become_init_if_asked};
pub use probe::{Capability, Report};
pub use user::SANDBOX_HOST_ID;

use crate::{Backend, Environment, EnvironmentSpec, Limits, Result, Sandbox};
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
}

impl NativeBackend {
    /// A backend that starts sandboxes with the given program. Also removes control groups that dead
    /// callers left.
    pub fn new(launcher: Launcher) -> Self {
        let groups = Groups::discover();
        groups.reap();
        Self::with_groups(launcher, groups)
    }

    /// A backend that uses no control groups even where it could: limits hold by resource limits and by
    /// watching, as for ordinary users on most machines.
    pub fn without_control_groups(launcher: Launcher) -> Self {
        Self::with_groups(launcher, Groups::none("switched off"))
    }

    fn with_groups(launcher: Launcher, groups: Groups) -> Self {
        let user = HostUser::of_caller();
        Self {
            shared: Arc::new(Shared {
                launcher,
                user,
                groups,
            }),
        }
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

    async fn adopt(&self, folder: &Path) -> Result<()> {
        adopt::adopt(folder, self.shared.user).await
    }
}
