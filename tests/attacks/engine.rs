//! A container engine that hangs, or dies and comes back. The engine is the test's own, with its own folder, socket
//! and images, so that nobody else's is touched.

use std::fs::{self, File};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::leases::until;
use crate::ledger::{Factory, REQUEST};
use crate::support::{ENDED, finish};

/// The image that environments are made from.
const BASE: &str = "swemill/base:latest";

/// The words of a command that uses the engine at this socket.
fn with_engine(command: &mut Command, socket: &Path) {
    command.env("SWEMILL_BACKEND", "docker").env(
        "SWEMILL_DOCKER_HOST",
        format!("unix://{}", socket.display()),
    );
}

#[test]
fn an_engine_that_never_answers_is_told_within_half_a_minute() {
    let factory = Factory::new();
    let socket = factory.home.temporary().join("hung");
    // Connections are taken by the kernel; nobody reads from them.
    let listener = UnixListener::bind(&socket).unwrap();
    let mut command = factory.home.command(&["run", &factory.repository()]);
    with_engine(&mut command, &socket);
    let began = Instant::now();
    let said = finish(command.spawn().unwrap());
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
    assert_ne!(said.code, Some(0));
    assert!(said.text().contains("did not answer"), "{}", said.text());
    drop(listener);
    fs::remove_file(socket).unwrap();
    factory.leaves_nothing();
}

/// An engine in a folder of its own.
struct Engine {
    folder: tempfile::TempDir,
    daemon: Child,
}

impl Engine {
    /// Starts one and gives it the base image of the machine's engine; none where that cannot be.
    fn start() -> Option<Self> {
        let image = tempfile::NamedTempFile::new().unwrap();
        let saved = Command::new("docker")
            .args(["save", BASE, "--output"])
            .arg(image.path())
            .output();
        if !saved.is_ok_and(|saved| saved.status.success()) {
            assert!(
                std::env::var("CI").is_err(),
                "continuous integration has an engine and {BASE}"
            );
            eprintln!("SKIPPED, nothing was tested: there is no engine with {BASE}");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let daemon = Self::daemon(folder.path());
        let engine = Self { folder, daemon };
        engine.answers();
        engine.docker(&["load", "--quiet", "--input", image.path().to_str().unwrap()]);
        Some(engine)
    }

    fn daemon(folder: &Path) -> Child {
        let flag = |name: &str, value: &str| format!("--{name}={}", folder.join(value).display());
        let log = File::options()
            .create(true)
            .append(true)
            .open(folder.join("log"));
        // In a network of its own: an engine without a bridge removes the one of the machine's engine.
        Command::new("unshare")
            .args(["--net", "dockerd"])
            .args([
                flag("data-root", "data"),
                flag("exec-root", "exec"),
                flag("pidfile", "pid"),
            ])
            .arg(format!("--host=unix://{}", folder.join("socket").display()))
            .args(["--bridge=none", "--iptables=false", "--ip-masq=false"])
            .stdout(Stdio::null())
            .stderr(log.unwrap())
            .spawn()
            .unwrap()
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    fn docker(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("docker");
        command
            .arg("--host")
            .arg(format!("unix://{}", self.socket().display()));
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn answers(&self) {
        until("the engine", || {
            let mut command = Command::new("docker");
            command
                .arg("--host")
                .arg(format!("unix://{}", self.socket().display()));
            command
                .arg("info")
                .output()
                .is_ok_and(|output| output.status.success())
        });
    }

    /// Ends the daemon without warning, and starts another on the same folder.
    fn die_and_come_back(&mut self) {
        self.daemon.kill().unwrap();
        self.daemon.wait().unwrap();
        // A service manager ends what the daemon started, too.
        let containers = self.folder.path().join("exec/containerd/containerd.pid");
        let id = fs::read_to_string(containers).unwrap();
        let _ = Command::new("kill").args(["-9", id.trim()]).status();
        std::thread::sleep(Duration::from_secs(10));
        let _ = fs::remove_file(self.folder.path().join("pid"));
        self.daemon = Self::daemon(self.folder.path());
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let id = self.daemon.id().to_string();
        let _ = Command::new("kill").arg(id).status();
        let _ = self.daemon.wait();
        // A daemon mounts its folder on itself, and one that was killed leaves that behind.
        let data = self.folder.path().join("data");
        while Command::new("umount")
            .arg(&data)
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|done| done.success())
        {}
    }
}

#[test]
fn an_engine_that_is_killed_in_mid_run_is_waited_for_and_left_clean() {
    let Some(mut engine) = Engine::start() else {
        return;
    };
    let add = |factory: &Factory| {
        let add = ["add", &factory.repository(), "--max-candidates", "6"];
        factory.home.succeed(&[&add, REQUEST].concat());
    };
    // The same instances come of native sandboxes.
    let undisturbed = Factory::new();
    add(&undisturbed);
    let mut work = undisturbed.home.command(&["work", "--until-idle"]);
    work.env("SWEMILL_BACKEND", "native");
    assert_eq!(finish(work.spawn().unwrap()).code, Some(0));

    let factory = Factory::new();
    add(&factory);
    let log = factory.home.path().join("log");
    let mut command = factory
        .home
        .command(&["work", "--until-idle", "--workers", "2"]);
    with_engine(&mut command, &engine.socket());
    command
        .stdout(Stdio::null())
        .stderr(File::create(&log).unwrap());
    let mut worker = command.spawn().unwrap();
    ENDED.lock().unwrap().insert(worker.id());
    let text = || fs::read_to_string(&log).unwrap_or_default();
    until("the candidates", || text().contains(" candidates"));
    engine.die_and_come_back();
    assert!(worker.wait().unwrap().success(), "{}", text());

    let data = |factory: &Factory| {
        let text = String::from_utf8(factory.home.exported()).unwrap();
        text.replace(&factory.repository(), "")
    };
    assert_eq!(data(&factory), data(&undisturbed), "{}", text());
    factory.home.did_everything_once();
    engine.answers();
    until("the end of every container", || {
        engine.docker(&["ps", "--all", "--quiet"]).is_empty()
    });
    factory.leaves_nothing();
    undisturbed.leaves_nothing();
}
