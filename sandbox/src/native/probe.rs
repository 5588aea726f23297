//! What this machine offers the native backend, and what to do about what is missing.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use super::init::keeper::NAMESPACES;
use super::{NAME, NativeBackend};
use crate::{Backend, Command, EnvironmentSpec, Error, Limits, Network, Result, Tree, Upper};

/// One thing that the backend builds on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capability {
    /// What it is.
    pub name: &'static str,
    /// Whether it is there.
    pub works: bool,
    /// Whether sandboxes can be made without it.
    pub required: bool,
    /// What was found.
    pub finding: String,
    /// What to do when it is missing.
    pub remedy: Option<String>,
}

/// Everything that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// In the order in which they matter.
    pub capabilities: Vec<Capability>,
}

impl Report {
    /// Whether sandboxes can be made.
    pub fn usable(&self) -> bool {
        self.capabilities
            .iter()
            .all(|capability| capability.works || !capability.required)
    }
}

/// Looks, and tries a sandbox.
pub(crate) async fn probe(backend: &NativeBackend) -> Report {
    Report {
        capabilities: vec![
            user_namespaces(),
            sandbox(backend).await,
            identity(backend),
            memory(backend),
            layers(backend),
        ],
    }
}

/// What a failed set-up means: the machine lacks what the backend is built on, or this place cannot be built.
pub(crate) fn explain(step: String, reason: String) -> Error {
    let remedy = switched_off();
    if remedy.is_none() && step != NAMESPACES {
        return Error::Setup { step, reason };
    }
    Error::Unavailable {
        backend: NAME,
        reason: format!("{step} failed: {reason}"),
        remedy: remedy.unwrap_or(KERNEL_OR_CONTAINER).into(),
    }
}

/// What to do where no setting explains the failure.
const KERNEL_OR_CONTAINER: &str = "Linux 5.12 or later is needed; in a container, allow it user namespaces and \
     an unmasked /proc (Docker: `--security-opt seccomp=unconfined --security-opt systempaths=unconfined`), or \
     use the docker backend";

/// What to do about a setting that takes user namespaces away.
fn switched_off() -> Option<&'static str> {
    let setting = |name: &str| {
        let text = fs::read_to_string(Path::new("/proc/sys").join(name)).ok()?;
        text.trim().parse::<u64>().ok()
    };
    if setting("user/max_user_namespaces") == Some(0) {
        Some("run `sysctl -w user.max_user_namespaces=15000` as root")
    } else if setting("kernel/unprivileged_userns_clone") == Some(0) {
        Some("run `sysctl -w kernel.unprivileged_userns_clone=1` as root")
    } else if setting("kernel/apparmor_restrict_unprivileged_userns") == Some(1) {
        Some(
            "run `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` as root, or give the program an \
             AppArmor profile with the `userns` rule",
        )
    } else {
        None
    }
}

fn user_namespaces() -> Capability {
    let remedy = switched_off();
    let root = nix::unistd::geteuid().is_root();
    Capability {
        name: "user namespaces",
        works: remedy.is_none() || root,
        required: true,
        finding: if remedy.is_none() {
            "allowed for every user".into()
        } else {
            "switched off for ordinary users".into()
        },
        remedy: remedy.map(Into::into),
    }
}

async fn sandbox(backend: &NativeBackend) -> Capability {
    let began = Instant::now();
    let outcome = try_sandbox(backend).await;
    let works = outcome.is_ok();
    Capability {
        name: "a sandbox",
        works,
        required: true,
        finding: match outcome {
            Ok(()) => format!(
                "one started, ran a command on an overlay and ended in {} ms",
                began.elapsed().as_millis()
            ),
            Err(error) => error.to_string(),
        },
        remedy: (!works).then(|| KERNEL_OR_CONTAINER.into()),
    }
}

/// A whole life, with a folder that is removed and made again: what overlayfs needs marks on files for.
async fn try_sandbox(backend: &NativeBackend) -> Result<()> {
    let spec = EnvironmentSpec {
        digest: "probe".into(),
        trees: vec![Tree {
            target: "/testbed".into(),
            lower: vec!["/usr/bin".into()],
            upper: Upper::Memory,
        }],
        mounts: Vec::new(),
        variables: BTreeMap::new(),
        network: Network::None,
        working_directory: "/testbed".into(),
        labels: BTreeMap::new(),
    };
    let environment = backend.prepare(&spec).await?;
    let sandbox = backend.start(&environment, &Limits::default()).await?;
    let output = sandbox.exec(Command::new(["/bin/sh", "-c", ":"])).await?;
    sandbox.stop().await?;
    if output.success() {
        Ok(())
    } else {
        Err(Error::Setup {
            step: "running a first command".into(),
            reason: format!("{:?}: {}", output.ending, output.stderr.to_text()),
        })
    }
}

fn identity(backend: &NativeBackend) -> Capability {
    let user = backend.shared.user;
    let root = nix::unistd::geteuid().is_root();
    Capability {
        name: "a user without rights",
        works: user.privileged || !root,
        required: false,
        finding: format!("commands run as host user {}", user.uid),
        remedy: (root && !user.privileged).then(|| {
            "this root may not take on other ids (CAP_SETUID, CAP_SETGID, CAP_CHOWN), so commands run as \
             root's id inside a user namespace; run swemill as an ordinary user instead"
                .into()
        }),
    }
}

fn memory(backend: &NativeBackend) -> Capability {
    let groups = &backend.shared.groups;
    let folder = groups.bounds_memory();
    Capability {
        name: "control groups",
        works: folder.is_some(),
        required: false,
        finding: match folder {
            Some(folder) => format!("memory is bounded by groups in {}", folder.display()),
            None => format!(
                "{}; memory is bounded by watching the processes",
                groups.reason()
            ),
        },
        remedy: folder.is_none().then(|| {
            "run swemill under `systemd-run --user --scope -p Delegate=yes`, or as root, to have the kernel \
             bound it"
                .into()
        }),
    }
}

fn layers(backend: &NativeBackend) -> Capability {
    let in_memory = backend.shared.scratch.is_none();
    Capability {
        name: "layers in memory",
        works: in_memory,
        required: false,
        finding: match &backend.shared.scratch {
            None => "what sandboxes write stays in memory, under one ceiling".into(),
            Some(folder) => format!(
                "what sandboxes write to their trees goes to {}, bounded a file at a time only",
                folder.display()
            ),
        },
        remedy: (!in_memory).then(|| "Linux 6.6 or later is needed to keep it in memory".into()),
    }
}
