//! Finding a container engine and talking to it: never without an end to the waiting.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bollard::{API_DEFAULT_VERSION, Docker};

use super::NAME;
use super::failure::engine_error;
use crate::{Error, Result};

/// How long the engine may take for what it can do at once: a start takes a second on a busy machine, and an
/// engine that hangs is to be noticed by somebody.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// How long it may take to store an image.
pub(crate) const LOADING: Duration = Duration::from_mins(30);

/// How long an engine that worked before may be away before that is a failure.
const AWAY: Duration = Duration::from_mins(3);

/// How long the first word may take.
const GREETING: Duration = Duration::from_secs(10);

/// An engine that answers.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    docker: Docker,
    /// Where it was found.
    pub(crate) address: String,
    pub(crate) facts: Facts,
}

/// What matters of an engine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) processors: i64,
    pub(crate) offers: Vec<Offer>,
    pub(crate) runtimes: Vec<String>,
    pub(crate) rootless: bool,
    /// Podman takes fewer options of memory file systems.
    pub(crate) is_podman: bool,
}

/// What an engine can bound or deny, on its machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    Memory,
    Swap,
    Processes,
    Processors,
    CallFilter,
}

impl Offer {
    /// All, with a word for people.
    pub(crate) const ALL: [(Self, &'static str); 5] = [
        (Self::Memory, "a memory limit"),
        (Self::Swap, "a swap limit"),
        (Self::Processes, "a process limit"),
        (Self::Processors, "a processor limit"),
        (Self::CallFilter, "a system call filter"),
    ];
}

impl Engine {
    /// Connects to the engine that is named, or to the first that answers.
    pub(crate) async fn connect(named: Option<&str>) -> Result<Self> {
        let addresses = match named {
            Some(address) => vec![address.to_owned()],
            None => usual_addresses(),
        };
        let mut tried = Vec::new();
        for address in addresses {
            match greet(&address).await {
                Ok(engine) => return Ok(engine),
                Err(error) => tried.push(format!("{address} ({error})")),
            }
        }
        Err(Error::Unavailable {
            backend: NAME,
            reason: format!("no container engine answers at {}", tried.join(", ")),
            remedy: "start one (`systemctl start docker`, or `dockerd` by hand), let this user reach its socket \
                     (group `docker`), or name it with `docker_host`"
                .into(),
        })
    }

    /// Waits for an engine that went away, for at most [`AWAY`]: daemons are restarted under running work.
    pub(crate) async fn wait_until_back(&self) -> Result<()> {
        let began = Instant::now();
        loop {
            let asked = Instant::now();
            let ping = self.call("looking whether it is there", Docker::ping);
            let Err(error) = ping.await else {
                return Ok(());
            };
            // One that is there and hangs has had its time.
            if began.elapsed() > AWAY || asked.elapsed() >= PATIENCE {
                return Err(error);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Asks the engine for something, for at most [`PATIENCE`].
    pub(crate) async fn call<'a, T, F>(
        &'a self,
        doing: &str,
        call: impl FnOnce(&'a Docker) -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T, bollard::errors::Error>>,
    {
        self.call_within(PATIENCE, doing, call).await
    }

    /// Asks the engine for something.
    pub(crate) async fn call_within<'a, T, F>(
        &'a self,
        patience: Duration,
        doing: &str,
        call: impl FnOnce(&'a Docker) -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T, bollard::errors::Error>>,
    {
        match tokio::time::timeout(patience, call(&self.docker)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(engine_error(doing, &error)),
            Err(_) => Err(Error::Engine {
                doing: doing.to_owned(),
                reason: format!("it did not answer within {} s", patience.as_secs()),
                remedy: "look at its log; restart it if it hangs".into(),
            }),
        }
    }
}

/// Where engines listen: what the user says, Docker's place, a rootless Docker's, Podman's.
fn usual_addresses() -> Vec<String> {
    if let Some(address) = std::env::var("DOCKER_HOST").ok().filter(|a| !a.is_empty()) {
        return vec![address];
    }
    let mut sockets = vec![PathBuf::from("/var/run/docker.sock")];
    let own = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    sockets.extend(own.as_ref().map(|folder| folder.join("docker.sock")));
    sockets.push("/run/podman/podman.sock".into());
    sockets.extend(own.as_ref().map(|folder| folder.join("podman/podman.sock")));
    sockets
        .iter()
        .map(|socket| format!("unix://{}", socket.display()))
        .collect()
}

/// Connects and asks for what matters.
async fn greet(address: &str) -> Result<Engine, String> {
    let docker = open(address).map_err(|error| error.to_string())?;
    let greeting = async {
        let docker = docker.negotiate_version().await?;
        let info = docker.info().await?;
        let version = docker.version().await?;
        Ok::<_, bollard::errors::Error>((docker, info, version))
    };
    let (docker, info, version) = tokio::time::timeout(GREETING, greeting)
        .await
        .map_err(|_| format!("it did not answer within {} s", GREETING.as_secs()))?
        .map_err(|error| error.to_string())?;
    let security = info.security_options.unwrap_or_default();
    let has = |option: &str| security.iter().any(|entry| entry.contains(option));
    let components = version.components.unwrap_or_default();
    let is_podman = components
        .iter()
        .any(|component| component.name.contains("Podman"));
    let facts = Facts {
        is_podman,
        name: components.first().map_or_else(
            || "a container engine".into(),
            |component| component.name.clone(),
        ),
        version: info.server_version.unwrap_or_default(),
        processors: info.ncpu.unwrap_or(0),
        offers: [
            (Offer::Memory, info.memory_limit),
            (Offer::Swap, info.swap_limit),
            (Offer::Processes, info.pids_limit),
            (Offer::Processors, info.cpu_cfs_quota),
            (Offer::CallFilter, Some(has("seccomp"))),
        ]
        .into_iter()
        .filter_map(|(offer, there)| there.unwrap_or(false).then_some(offer))
        .collect(),
        runtimes: info.runtimes.unwrap_or_default().into_keys().collect(),
        rootless: has("rootless"),
    };
    Ok(Engine {
        docker,
        address: address.to_owned(),
        facts,
    })
}

fn open(address: &str) -> Result<Docker, bollard::errors::Error> {
    let seconds = PATIENCE.as_secs();
    match address.strip_prefix("unix://") {
        Some(socket) => Docker::connect_with_unix(socket, seconds, API_DEFAULT_VERSION),
        None if Path::new(address).is_absolute() => {
            Docker::connect_with_unix(address, seconds, API_DEFAULT_VERSION)
        }
        None => Ok(Docker::connect_with_host(address)?.with_timeout(PATIENCE)),
    }
}
