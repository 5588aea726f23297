//! A Postgres that goes away while workers work.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{PATIENCE, Prepared, Source, Watched, is_root, same, undisturbed};
use crate::support::Home;

#[test]
fn a_private_postgres_that_is_killed_or_stopped_in_mid_run_is_started_again() {
    let source = Source::new();
    let expected = undisturbed(&source);
    let prepared = Prepared::new(&source);
    let mut worker = Watched::start(&mut prepared.worker());
    for (words, signal) in [
        ("building: ", "-KILL"),
        ("running the untouched tests", "-INT"),
        (" candidates", "-KILL"),
        ("validated ", "-INT"),
    ] {
        assert!(worker.says(words), "{:#?}", worker.heard);
        signal_postmaster(prepared.home.path(), signal);
    }
    assert!(worker.ends_well());
    prepared.home.did_everything_once();
    same(&prepared.home.exported(), &expected);
    prepared.home.leaves_nothing();
}

/// Sends a signal to the private Postgres, once it runs (again).
fn signal_postmaster(home: &Path, signal: &str) {
    let file = home.join("postgres/data/postmaster.pid");
    let started = Instant::now();
    loop {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let id = text.lines().next().unwrap_or_default().trim();
        let send = || {
            Command::new("kill")
                .args([signal, id])
                .stderr(Stdio::null())
                .status()
        };
        // A killed server's number stays in the file until another takes its place.
        if !id.is_empty() && send().unwrap().success() {
            return;
        }
        assert!(
            started.elapsed() < PATIENCE,
            "the server was not started again"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A server of the test's own: it belongs to an ordinary user, as Postgres demands.
struct Server {
    folder: tempfile::TempDir,
    programs: PathBuf,
}

impl Server {
    /// Makes and starts one; none where the machine has no PostgreSQL of its own.
    fn new() -> Option<Self> {
        let programs = programs()?;
        let folder = tempfile::tempdir().unwrap();
        let server = Self { folder, programs };
        if is_root() {
            let owner = Command::new("chown")
                .arg("postgres")
                .arg(server.folder.path())
                .status();
            assert!(
                owner.unwrap().success(),
                "Debian's packages bring the user postgres"
            );
        }
        server.command(
            "initdb",
            &["--auth=trust", "--username=swemill", "--no-sync"],
        );
        server.start();
        Some(server)
    }

    fn start(&self) {
        let socket = self.folder.path().display();
        let options = format!("-c listen_addresses= -c unix_socket_directories={socket}");
        self.command(
            "pg_ctl",
            &["start", "--wait", "--silent", "--options", &options],
        );
    }

    fn stop(&self, mode: &str) {
        self.command("pg_ctl", &["stop", "--wait", "--silent", "--mode", mode]);
    }

    fn url(&self) -> String {
        let socket = self.folder.path().to_str().unwrap().replace('/', "%2F");
        format!("postgres://swemill@{socket}/postgres")
    }

    /// Runs one of PostgreSQL's programs on the server's data, as an ordinary user.
    fn command(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
            command.arg(program);
            command
        } else {
            Command::new(program)
        };
        command
            .args(arguments)
            .arg("--pgdata")
            .arg(self.folder.path().join("data"));
        let status = command
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(status.unwrap().success(), "{command:?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.folder.path().join("data/postmaster.pid").exists() {
            self.stop("immediate");
        }
    }
}

fn programs() -> Option<PathBuf> {
    let installed = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let folders = installed.map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.chain(on_path).find(|folder| {
        ["initdb", "pg_ctl"]
            .iter()
            .all(|name| Path::exists(&folder.join(name)))
    })
}

#[test]
fn a_users_own_postgres_that_is_stopped_in_mid_run_is_waited_for() {
    let Some(server) = Server::new() else {
        assert!(
            std::env::var_os("CI").is_none(),
            "continuous integration has PostgreSQL"
        );
        return;
    };
    let source = Source::new();
    let expected = undisturbed(&source);
    let prepared = Prepared::new(&source);
    let with_server = |command: &mut Command| {
        command.env("DATABASE_URL", server.url());
    };
    // The queue of the private cluster is not this server's.
    let asked = source.asked("add");
    let asked: Vec<_> = asked.iter().map(String::as_str).collect();
    succeed(&prepared.home, &asked, &with_server);
    let mut worker = prepared.worker();
    with_server(&mut worker);
    let mut worker = Watched::start(&mut worker);
    for (words, mode) in [
        ("building: ", "fast"),
        (" candidates", "immediate"),
        ("validated ", "fast"),
    ] {
        assert!(worker.says(words), "{:#?}", worker.heard);
        server.stop(mode);
        // Longer than a lease.
        std::thread::sleep(Duration::from_secs(6));
        server.start();
    }
    assert!(worker.ends_well());
    let out = prepared.home.path().join("out");
    let export = ["export", "swesmith", "--out", out.to_str().unwrap()];
    succeed(&prepared.home, &export, &with_server);
    same(
        &std::fs::read(out.join("swesmith.jsonl")).unwrap(),
        &expected,
    );
    prepared.home.leaves_nothing();
}

fn succeed(home: &Home, arguments: &[&str], change: &dyn Fn(&mut Command)) {
    let mut command = home.command(arguments);
    change(&mut command);
    assert!(Watched::start(&mut command).ends_well());
}
