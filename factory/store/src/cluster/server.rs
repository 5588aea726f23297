//! Making the data and starting the server on them.

use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::ClusterError;
use super::folder::Folder;
use super::identity::Identity;
use super::postmaster::{Postmaster, disarm_stale_file};
use super::programs::Programs;
use super::reap;

/// The database's superuser, which every command is.
pub(super) const USER: &str = "swemill";

/// A crash's recovery can take its time.
pub(super) const PATIENCE: Duration = Duration::from_mins(5);

/// Larger logs of earlier runs are thrown away.
const LONGEST_LOG: u64 = 16 << 20;

/// Makes the data directory if there is none. Killed at any moment, it leaves nothing that the next one would
/// take for finished.
pub(super) fn initialise(
    folder: &Folder,
    programs: &Programs,
    identity: Identity,
) -> Result<(), ClusterError> {
    if folder.data().join("PG_VERSION").exists() {
        return Ok(());
    }
    let unfinished = folder.unfinished_data();
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(ClusterError::file("remove", &unfinished))?;
    }
    fs::DirBuilder::new()
        .mode(0o700)
        .create(&unfinished)
        .map_err(ClusterError::file("make the folder", &unfinished))?;
    identity.own(&unfinished)?;
    let said = identity
        .command(&programs.initdb())
        .arg("--pgdata")
        .arg(&unfinished)
        .args([
            "--username",
            USER,
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--data-checksums",
        ])
        .output()
        .map_err(ClusterError::file("start", programs.initdb()))?;
    if !said.status.success() {
        let output = [said.stdout, said.stderr].concat();
        let said = format!("{}\n{}", String::from_utf8_lossy(&output), said.status);
        return Err(failed("initdb", folder, &said));
    }
    fs::rename(&unfinished, folder.data()).map_err(ClusterError::file("finish", folder.data()))
}

/// Starts the server and waits until it takes connections.
pub(super) fn start(
    folder: &Folder,
    programs: &Programs,
    identity: Identity,
    socket_folder: &Path,
) -> Result<(), ClusterError> {
    disarm_stale_file(folder)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match start_once(folder, programs, identity, socket_folder, deadline) {
            // Processes of a killed server finish what they do before they notice.
            Err(ClusterError::Program { output, .. })
                if output.contains("pre-existing shared memory block")
                    && Instant::now() < deadline =>
            {
                sleep(Duration::from_millis(200));
            }
            result => return result,
        }
    }
}

fn start_once(
    folder: &Folder,
    programs: &Programs,
    identity: Identity,
    socket_folder: &Path,
    deadline: Instant,
) -> Result<(), ClusterError> {
    let path = folder.log();
    if fs::metadata(&path).is_ok_and(|log| log.len() > LONGEST_LOG) {
        fs::remove_file(&path).map_err(ClusterError::file("remove", &path))?;
    }
    let mut log = OpenOptions::new()
        .create(true)
        .append(true)
        .read(true)
        .mode(0o600)
        .open(&path)
        .map_err(ClusterError::file("open", &path))?;
    let begin = log
        .seek(SeekFrom::End(0))
        .map_err(ClusterError::file("read", &path))?;
    let copy = |log: &fs::File| log.try_clone().map_err(ClusterError::file("open", &path));
    let mut server = identity
        .command(&programs.postgres())
        .arg("-D")
        .arg(folder.data())
        .args(
            settings(socket_folder)
                .iter()
                .flat_map(|setting| ["-c", setting]),
        )
        .stdout(copy(&log)?)
        .stderr(copy(&log)?)
        // Ctrl-C in the terminal is for the command, which ends its work and then stops the server.
        .process_group(0)
        .spawn()
        .map_err(ClusterError::file("start", programs.postgres()))?;
    loop {
        if Postmaster::find(folder)?.is_some_and(|found| found.ready) {
            reap::when_it_ends(server);
            return Ok(());
        }
        if let Ok(Some(status)) = server.try_wait() {
            let mut said = Vec::new();
            log.seek(SeekFrom::Start(begin))
                .and_then(|_| log.read_to_end(&mut said))
                .map_err(ClusterError::file("read", &path))?;
            let said = format!("{}\n{status}", String::from_utf8_lossy(&said));
            return Err(failed("postgres", folder, &said));
        }
        if Instant::now() > deadline {
            return Err(ClusterError::Unresponsive {
                folder: folder.root().to_owned(),
                what: "start",
                seconds: PATIENCE.as_secs(),
                log: path,
            });
        }
        sleep(Duration::from_millis(10));
    }
}

fn settings(socket_folder: &Path) -> Vec<String> {
    let socket_folder = socket_folder.display().to_string().replace('"', "\"\"");
    [
        "listen_addresses=",
        "unix_socket_permissions=0700",
        "port=5432",
        "max_connections=100",
        "shared_buffers=64MB",
        "jit=off",
        "wal_level=minimal",
        "max_wal_senders=0",
        "max_wal_size=512MB",
        "cluster_name=swemill",
        "log_line_prefix=%m [%p] ",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([format!("unix_socket_directories=\"{socket_folder}\"")])
    .collect()
}

fn failed(program: &'static str, folder: &Folder, said: &str) -> ClusterError {
    if said.contains("No space left on device") {
        return ClusterError::DiskFull {
            folder: folder.root().to_owned(),
        };
    }
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    ClusterError::Program {
        program,
        folder: folder.root().to_owned(),
        output: lines[lines.len().saturating_sub(8)..].join("\n"),
    }
}
