//! The guard: a small process that stops the server when the commands that use it are gone, however they ended.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use tracing::debug;

use super::folder::Folder;
use super::reap;

/// Waits until nobody holds the users' lock (the kernel lets go of a killed command's), then stops the server that
/// runs on these data; until it is gone, the guard holds the lock, so a command that comes meanwhile waits. The
/// number of the guard's own lock is the lower one: it is let go first, so that a later guard finds it free.
///
/// A server that was started a moment before its command was killed has written no file yet. It is found by its
/// arguments: until it has them, it holds the users' lock itself, as every child does between its fork and its program.
const SCRIPT: &str = r#"
exec 3>>"$1/guard" 4>>"$1/users" || exit
flock -n 3 && flock 4 || exit
runs() { [ -n "$pid" ] && tr '\0' '\n' <"/proc/$pid/cmdline" | grep -qxF -e "$1/data"; }
pid=$(head -n 1 "$1/data/postmaster.pid")
runs "$1" || pid=$(grep -lzxF -e "$1/data" /proc/[0-9]*/cmdline | tr -dc '0-9\n' | head -n 1)
runs "$1" || exit
socket=$(sed -n 5p "$1/data/postmaster.pid")
kill -INT "$pid"
tries=0
while runs "$1" && [ "$tries" -lt 600 ]; do sleep 0.1; tries=$((tries + 1)); done
[ -n "$socket" ] && rmdir "$socket" 2>/dev/null
"#;

/// Posts a guard, unless one stands. Without one (a system without `flock`) a server that a killed command left is
/// stopped by the next command, so this may fail.
pub(super) fn post(folder: &Folder) {
    let posted = Command::new("sh")
        .args(["-c", SCRIPT, "swemill-guard"])
        .arg(folder.root())
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn();
    match posted {
        Ok(guard) => reap::when_it_ends(guard),
        Err(error) => debug!(%error, "no guard stands by the database server"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_server_that_has_written_no_file_yet_is_found_and_stopped() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::open(home.path()).unwrap();
        let in_use = folder.lock_use().unwrap();
        // As Postgres does, it hears the signal even where whoever runs the tests ignores it.
        let stub = "import signal, sys, time; signal.signal(signal.SIGINT, lambda *_: sys.exit()); time.sleep(60)";
        let mut server = Command::new("python3")
            .args(["-c", stub, "-D"])
            .arg(folder.data())
            .spawn()
            .unwrap();
        post(&folder);
        std::thread::sleep(Duration::from_secs(1));
        assert!(server.try_wait().unwrap().is_none(), "it is still in use");
        drop(in_use);
        let deadline = Instant::now() + Duration::from_secs(30);
        while server.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "the server is left");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
