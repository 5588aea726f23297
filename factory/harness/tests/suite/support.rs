//! Situations, and the Pythons that run them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use swemill_harness::{
    Baseline, BaselineOptions, Collection, Reach, Request, Result, Selection, Stage, Suite,
    TestCommand, TestRun, Warm, plugin,
};
use swemill_sandbox::native::{Launcher, NativeBackend};
use swemill_sandbox::{
    Backend, Environment, EnvironmentSpec, FileWrite, Limits, Mount, Network, Tree, Upper,
};

/// pytest's newest major version.
pub(crate) const NEWEST: &[&str] = &["pytest>=9,<10"];
/// The plugins that change how pytest runs tests, with the newest pytest.
pub(crate) const PLUGINS: &[&str] = &[
    "pytest>=9,<10",
    "pytest-xdist",
    "pytest-cov",
    "pytest-randomly",
    "pytest-random-order",
    "pytest-rerunfailures",
    "pytest-timeout",
    "freezegun",
];

/// A situation's folder as a repository in a sandbox of its own.
pub(crate) struct Situation {
    command: TestCommand,
    request: Request,
    limits: Limits,
    spec: EnvironmentSpec,
    repository: tempfile::TempDir,
}

impl Situation {
    /// A copy of `tests/situations/<name>`, for the newest pytest.
    pub(crate) fn new(name: &str) -> Self {
        Self::with(name, NEWEST)
    }

    /// A copy of `tests/situations/<name>`, for a Python with the given packages.
    pub(crate) fn with(name: &str, packages: &[&str]) -> Self {
        let repository = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/situations")
            .join(name);
        copy(&source, repository.path());
        let python = Python::with(packages);
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugin");
        let mut mounts = vec![plugin::install(&cache).unwrap()];
        mounts.extend(python.folders.iter().map(|folder| Mount {
            source: folder.clone(),
            target: folder.clone(),
            writable: false,
        }));
        Self {
            command: TestCommand::new(python.program),
            request: Request::all(Duration::from_mins(1)),
            limits: Limits::default(),
            spec: EnvironmentSpec {
                digest: name.to_owned(),
                trees: vec![Tree {
                    target: "/testbed".into(),
                    lower: vec![repository.path().to_path_buf()],
                    upper: Upper::Memory,
                }],
                mounts,
                variables: BTreeMap::new(),
                network: Network::None,
                working_directory: "/testbed".into(),
                labels: BTreeMap::new(),
            },
            repository,
        }
    }

    pub(crate) fn arguments(mut self, arguments: &[&str]) -> Self {
        self.command.arguments = arguments.iter().map(ToString::to_string).collect();
        self
    }

    pub(crate) fn ids(mut self, ids: &[&str]) -> Self {
        self.request.selection = Selection::Ids(ids.iter().map(ToString::to_string).collect());
        self
    }

    pub(crate) fn exclude(mut self, id: &str) -> Self {
        self.request.exclude.insert(id.to_owned());
        self
    }

    pub(crate) fn shuffle(mut self, seed: u64) -> Self {
        self.request.shuffle = Some(seed);
        self
    }

    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.request.timeout = timeout;
        self
    }

    pub(crate) fn memory(mut self, bytes: u64) -> Self {
        self.limits.memory_bytes = bytes;
        self
    }

    /// A host folder that outlives each sandbox.
    pub(crate) fn writable_mount(mut self, source: &Path, target: &str) -> Self {
        self.spec.mounts.push(Mount {
            source: source.to_path_buf(),
            target: target.into(),
            writable: true,
        });
        self
    }

    /// Makes the environment's packages writable in sandboxes, as they are in real environments.
    pub(crate) fn writable_packages(mut self) -> Self {
        let of_packages = |mount: &Mount| mount.target.join("pyvenv.cfg").exists();
        let (packages, others) = std::mem::take(&mut self.spec.mounts)
            .into_iter()
            .partition::<Vec<_>, _>(of_packages);
        self.spec.mounts = others;
        self.spec
            .trees
            .extend(packages.into_iter().map(|mount| Tree {
                target: mount.target,
                lower: vec![mount.source],
                upper: Upper::Memory,
            }));
        self
    }

    pub(crate) async fn run(&self) -> TestRun {
        let (backend, environment) = self.prepare().await;
        let sandbox = backend.start(&environment, &self.limits).await.unwrap();
        let run = swemill_harness::run(sandbox.as_ref(), &self.command, &self.request).await;
        sandbox.stop().await.unwrap();
        run.unwrap()
    }

    pub(crate) async fn collect(&self) -> Collection {
        let (backend, environment) = self.prepare().await;
        let sandbox = backend.start(&environment, &self.limits).await.unwrap();
        let collection =
            swemill_harness::collect(sandbox.as_ref(), &self.command, self.request.timeout).await;
        sandbox.stop().await.unwrap();
        collection.unwrap()
    }

    pub(crate) async fn baseline(&self, options: &BaselineOptions) -> Result<Baseline> {
        let (backend, environment) = self.prepare().await;
        swemill_harness::baseline(&backend, &environment, &self.limits, &self.command, options)
            .await
    }

    /// Runs the tests after some files were written.
    pub(crate) async fn run_with(&self, files: &[FileWrite]) -> TestRun {
        let (backend, environment) = self.prepare().await;
        let sandbox = backend.start(&environment, &self.limits).await.unwrap();
        for file in files {
            sandbox
                .write(&file.path, &file.bytes, file.executable)
                .await
                .unwrap();
        }
        let run = swemill_harness::run(sandbox.as_ref(), &self.command, &self.request).await;
        sandbox.stop().await.unwrap();
        run.unwrap()
    }

    pub(crate) async fn survey(&self, baseline: &mut Baseline, files: &[String]) -> Result<Reach> {
        let (backend, environment) = self.prepare().await;
        let suite = self.suite(&backend, &environment);
        swemill_harness::survey(suite, baseline, files).await
    }

    pub(crate) async fn warm(
        &self,
        baseline: &Baseline,
        files: &[String],
        stage: Stage,
    ) -> Result<Warm> {
        let (backend, environment) = self.prepare().await;
        Warm::start(self.suite(&backend, &environment), baseline, files, stage).await
    }

    fn suite<'a>(&'a self, backend: &'a dyn Backend, environment: &'a Environment) -> Suite<'a> {
        Suite {
            backend,
            environment,
            limits: &self.limits,
            command: &self.command,
        }
    }

    /// The repository's files on the host.
    pub(crate) fn repository(&self) -> &Path {
        self.repository.path()
    }

    async fn prepare(&self) -> (impl Backend + use<>, Environment) {
        let backend = NativeBackend::new(Launcher {
            program: env!("CARGO_BIN_EXE_swemill-harness-test-init").into(),
            arguments: Vec::new(),
        });
        for tree in &self.spec.trees {
            for folder in &tree.lower {
                backend.adopt(folder).await.unwrap();
            }
        }
        for mount in self.spec.mounts.iter().filter(|mount| mount.writable) {
            backend.adopt(&mount.source).await.unwrap();
        }
        let environment = backend.prepare(&self.spec).await.unwrap();
        (backend, environment)
    }
}

/// One line a test: status and id, in the order of ids.
pub(crate) fn table(run: &TestRun) -> String {
    let mut table = String::new();
    for (id, record) in &run.tests {
        writeln!(table, "{} {id}", record.status).unwrap();
    }
    table
}

/// What `table` should give, written with any indentation.
pub(crate) fn lines(text: &str) -> String {
    text.trim()
        .lines()
        .map(|line| line.trim_start().to_owned() + "\n")
        .collect()
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

#[derive(Clone)]
struct Python {
    program: PathBuf,
    /// The virtual environment, and what it was made from where a sandbox does not show that anyway.
    folders: Vec<PathBuf>,
}

impl Python {
    fn with(packages: &[&str]) -> Self {
        static MADE: OnceLock<Mutex<BTreeMap<String, Python>>> = OnceLock::new();
        let key = packages.join(" ");
        let mut made = MADE.get_or_init(Mutex::default).lock().unwrap();
        made.entry(key.clone())
            .or_insert_with(|| Self::make(&key, packages))
            .clone()
    }

    fn make(key: &str, packages: &[&str]) -> Self {
        let name: String = key
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
        std::fs::create_dir_all(&all).unwrap();
        // Every test is a process of its own.
        let alone = File::create(all.join(format!("{name}.lock"))).unwrap();
        alone.lock().unwrap();
        let folder = all.join(name);
        let program = folder.join("bin/python");
        if !folder.join("complete").exists() {
            let _ = std::fs::remove_dir_all(&folder);
            succeed(Command::new("python3").args(["-m", "venv"]).arg(&folder));
            succeed(
                Command::new(&program)
                    .args(["-m", "pip", "install", "--quiet"])
                    .args(packages),
            );
            std::fs::write(folder.join("complete"), "").unwrap();
        }
        let base =
            succeed(Command::new(&program).args(["-c", "import sys; print(sys.base_prefix)"]));
        let base = PathBuf::from(base.trim());
        let mut folders = vec![folder];
        if base != Path::new("/usr") {
            folders.push(base);
        }
        Self { program, folders }
    }
}

fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}
