//! Sandboxes for building, of two kinds that a trust boundary divides.
//!
//! In a trusted room only uv runs, on wheels and metadata: it may write the shared cache. In a foreign room
//! code of the repository or of a source distribution may run: the cache is copy-on-write there and what is
//! written to it is dropped, so that no package can change what another repository is given.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use swemill_sandbox::{
    Backend, Command, Ending, EnvironmentSpec, Limits, Mount, Network, Output, Sandbox, Tree, Upper,
};

use crate::built::{TESTBED, VENV, interpreter_mounts, variables};
use crate::error::{BuildFailure, Result, Step};
use crate::interpreter::Interpreter;
use crate::network::NetworkSettings;
use crate::tool::Tool;

/// The shared folder of packages, inside.
pub(crate) const PACKAGES: &str = "/opt/packages";
/// uv's cache, inside.
const CACHE: &str = "/opt/packages/cache";
/// uv, inside.
const UV: &str = "/opt/swemill/uv";

/// What building takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workshop<'a> {
    pub(crate) backend: &'a dyn Backend,
    pub(crate) limits: &'a Limits,
    pub(crate) network: &'a NetworkSettings,
    pub(crate) uv: &'a Tool,
    pub(crate) interpreter: &'a Interpreter,
    /// The shared folder of packages, on the host.
    pub(crate) packages: &'a Path,
}

/// Who decides what runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// uv alone.
    Trusted,
    /// The repository or a source distribution, too.
    Foreign,
}

/// What a command of a build did.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) success: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Done {
    /// Both streams, for people and for working out what went wrong.
    pub(crate) fn text(&self) -> String {
        format!("{}\n{}", self.stdout.trim_end(), self.stderr.trim_end())
    }
}

impl Workshop<'_> {
    /// Opens a room with the given trees.
    pub(crate) async fn open(
        &self,
        step: Step,
        trust: Trust,
        mut trees: Vec<Tree>,
    ) -> Result<Room> {
        let mut mounts = interpreter_mounts(self.interpreter);
        mounts.extend(self.network.mounts.iter().cloned());
        mounts.push(Mount {
            source: self.uv.program.clone(),
            target: UV.into(),
            writable: false,
        });
        let mut all = variables(self.interpreter);
        all.extend(self.network.variables.clone());
        if trust == Trust::Trusted {
            mounts.extend(self.network.trusted_mounts.iter().cloned());
            mounts.push(Mount {
                source: self.packages.to_owned(),
                target: PACKAGES.into(),
                writable: true,
            });
            all.extend(self.network.trusted_variables.clone());
        } else {
            trees.push(Tree {
                target: CACHE.into(),
                lower: vec![self.packages.join("cache")],
                upper: Upper::Memory,
            });
        }
        all.extend(uv_variables());
        let watched = trees.iter().filter_map(|tree| match &tree.upper {
            Upper::Folder(folder) => Some(folder.clone()),
            Upper::Memory => None,
        });
        let watched = watched.collect();
        let spec = EnvironmentSpec {
            digest: "build".into(),
            trees,
            mounts,
            variables: all,
            network: Network::Host,
            working_directory: "/tmp".into(),
            labels: BTreeMap::new(),
        };
        self.start(step, &spec, watched).await
    }

    /// Opens a room that is made as the spec says.
    pub(crate) async fn start(
        &self,
        step: Step,
        spec: &EnvironmentSpec,
        watched: Vec<PathBuf>,
    ) -> Result<Room> {
        let failed = |error| BuildFailure::sandbox(step, &error);
        let environment = self.backend.prepare(spec).await.map_err(failed)?;
        let limits = Limits {
            // A lock with its hashes is long.
            output_bytes: self.limits.output_bytes.max(8 << 20),
            ..self.limits.clone()
        };
        let sandbox = self
            .backend
            .start(&environment, &limits)
            .await
            .map_err(failed)?;
        Ok(Room {
            sandbox,
            step,
            watched,
            limits,
        })
    }
}

/// uv's settings that do not depend on the project.
fn uv_variables() -> BTreeMap<String, String> {
    [
        ("UV_CACHE_DIR", CACHE),
        ("UV_PYTHON_DOWNLOADS", "never"),
        ("UV_NO_PROGRESS", "1"),
        ("UV_NO_PROJECT", "1"),
        ("UV_COMPILE_BYTECODE", "0"),
        ("PYTHONDONTWRITEBYTECODE", "1"),
        ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
        ("NO_COLOR", "1"),
        ("CI", "1"),
        ("SOURCE_DATE_EPOCH", "1577836800"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// One running sandbox of a build.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) sandbox: Box<dyn Sandbox>,
    step: Step,
    /// Host folders that it writes to.
    watched: Vec<PathBuf>,
    limits: Limits,
}

impl Room {
    /// A command of uv.
    pub(crate) fn uv(words: &[&str]) -> Command {
        Command::new(std::iter::once(UV).chain(words.iter().copied()))
    }

    /// Runs a command; what exceeds a limit is a failure, a non-zero status is not.
    pub(crate) async fn run(&self, command: Command) -> Result<Done> {
        let output = tokio::select! {
            output = self.sandbox.exec(command) => output.map_err(|error| BuildFailure::sandbox(self.step, &error))?,
            written = self.too_much_written() => return Err(self.disk_full(written)),
        };
        self.judge(&output)?;
        Ok(Done {
            success: output.success(),
            stdout: output.stdout.to_text(),
            stderr: output.stderr.to_text(),
        })
    }

    /// Ends it. The next room over the same folders needs this one to be gone.
    pub(crate) async fn close(self) -> Result<()> {
        let step = self.step;
        let stopped = self.sandbox.stop().await;
        stopped.map_err(|error| BuildFailure::sandbox(step, &error))
    }

    /// Puts a file in its place.
    pub(crate) async fn write(&self, path: &str, text: &str) -> Result<()> {
        let written = self
            .sandbox
            .write(Path::new(path), text.as_bytes(), false)
            .await;
        written.map_err(|error| BuildFailure::sandbox(self.step, &error))
    }

    fn judge(&self, output: &Output) -> Result<()> {
        let (what, remedy) = match output.ending {
            Ending::TimedOut => (
                format!(
                    "it was still running after {} seconds and was ended",
                    output.wall.as_secs()
                ),
                "raise `build_timeout_seconds` if the build is known to take longer",
            ),
            Ending::OutOfMemory => (
                format!(
                    "it used more than {} MiB of memory and was ended",
                    self.limits.memory_bytes >> 20
                ),
                "raise `sandbox_memory_mib` if the build is known to need more",
            ),
            _ => {
                let text = output.stderr.to_text();
                if output.success() {
                    return Ok(());
                } else if text.contains("No space left on device")
                    || text.contains("Disk quota exceeded")
                {
                    return Err(self.disk_full(self.limits.disk_bytes).with_log(&text));
                } else if text.contains("can't start new thread")
                    || text.contains("BlockingIOError: [Errno 11]")
                {
                    (
                        format!(
                            "it started more than {} processes and threads",
                            self.limits.processes
                        ),
                        "raise `sandbox_processes` if the build is known to need more",
                    )
                } else {
                    return Ok(());
                }
            }
        };
        let text = format!("{}\n{}", output.stdout.to_text(), output.stderr.to_text());
        Err(BuildFailure {
            conclusive: true,
            ..BuildFailure::environment(self.step, what, remedy).with_log(&text)
        })
    }

    fn disk_full(&self, written: u64) -> BuildFailure {
        let failure = BuildFailure::environment(
            self.step,
            format!(
                "it wrote {} MiB, of {} MiB allowed, and was ended",
                written >> 20,
                self.limits.disk_bytes >> 20
            ),
            "raise `sandbox_disk_mib` if the build is known to write more; check that the disk has room",
        );
        BuildFailure {
            conclusive: true,
            ..failure
        }
    }

    /// Comes back when the host folders hold more than is allowed.
    async fn too_much_written(&self) -> u64 {
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let watched = self.watched.clone();
            let count = move || {
                watched
                    .iter()
                    .map(|folder| crate::files::size(folder))
                    .sum::<u64>()
            };
            let written = tokio::task::spawn_blocking(count).await.unwrap_or(0);
            if written > self.limits.disk_bytes {
                return written;
            }
        }
    }
}

/// The tree of the virtual environment over these layers.
pub(crate) fn venv(lower: Vec<PathBuf>, upper: Upper) -> Tree {
    Tree {
        target: VENV.into(),
        lower,
        upper,
    }
}

/// The tree of the repository over these layers.
pub(crate) fn testbed(lower: Vec<PathBuf>, upper: Upper) -> Tree {
    Tree {
        target: TESTBED.into(),
        lower,
        upper,
    }
}
