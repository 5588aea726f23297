//! Nothing is left behind, however a sandbox or its owner ends.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use swemill_sandbox::{Backend, NativeBackend, Upper};
use tempfile::TempDir;

use crate::conformance::{Host, python, shell, small, succeed};
use crate::{launcher, native};

/// What could leak.
#[derive(Debug, PartialEq, Eq)]
struct Remains {
    descriptors: usize,
    children: usize,
    mounts: usize,
    groups: Vec<PathBuf>,
}

impl Remains {
    /// Of the process with this id.
    fn of(id: u32) -> Self {
        Self {
            descriptors: fs::read_dir(format!("/proc/{id}/fd")).map_or(0, Iterator::count),
            children: processes()
                .filter(|process| stat_field(process, 1).as_deref() == Some(&id.to_string()))
                .count(),
            mounts: fs::read_to_string("/proc/self/mountinfo")
                .unwrap()
                .lines()
                // Tests beside this one start containers.
                .filter(|mount| !mount.contains("docker"))
                .count(),
            groups: groups_of(id),
        }
    }
}

fn processes() -> impl Iterator<Item = PathBuf> {
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().parse::<u32>().is_ok())
        .map(|entry| entry.path())
}

/// A field of `stat` behind the name, counted from 0.
fn stat_field(process: &Path, index: usize) -> Option<String> {
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split(' ').nth(index).map(str::to_owned)
}

/// The control groups that a process made.
fn groups_of(id: u32) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![PathBuf::from("/sys/fs/cgroup")];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("swemill-") && name.contains(&format!("-{id}-")) {
                found.push(entry.path());
            }
            waiting.push(entry.path());
        }
    }
    found
}

/// Waits until something is so.
fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < Duration::from_secs(10), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Runs `work` in a process of its own, since tests beside this one make sandboxes too: this test binary
/// again, with the one ignored test of the given name.
fn in_a_process_of_its_own(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "--nocapture"]);
    command.arg(format!("native_life::remains::{test}"));
    command
}

#[test]
fn hundreds_of_sandboxes_leave_nothing() {
    let output = in_a_process_of_its_own("make_hundreds").output().unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test]
#[ignore = "run by `hundreds_of_sandboxes_leave_nothing`"]
async fn make_hundreds() {
    let host = Host::new(native()).await;
    let round = async || {
        let stopped = host.start().await;
        succeed(&*stopped, shell("sleep 1000 & echo x > file")).await;
        stopped.stop().await.unwrap();
        let dropped = host.start().await;
        succeed(&*dropped, shell("true")).await;
        drop(dropped);
        let sandbox = host.start().await;
        let abandoned = sandbox.exec(python("import time; time.sleep(1000)"));
        let _ = tokio::time::timeout(Duration::from_millis(5), abandoned).await;
        let mut refused = host.spec();
        refused.trees[0].target = "/usr/cannot-be-made".into();
        let environment = host.backend.prepare(&refused).await.unwrap();
        host.backend
            .start(&environment, &small())
            .await
            .unwrap_err();
    };
    round().await;
    settle().await;
    let before = Remains::of(std::process::id());
    for _ in 0..75 {
        round().await;
    }
    settle().await;
    assert_eq!(Remains::of(std::process::id()), before);
}

/// Gives dropped sandboxes the moment they need, and the runtime the chance to reap.
async fn settle() {
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let remains = Remains::of(std::process::id());
        if remains.children == 0 && remains.groups.is_empty() {
            return;
        }
    }
}

/// Found in the command line of a process inside.
const MARK: &str = "987654";

#[test]
fn killing_the_owner_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let mut owner = in_a_process_of_its_own("own_a_sandbox_until_killed")
        .env("SWEMILL_TEST_FOLDER", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    let ready = lines
        .map_while(Result::ok)
        .any(|line| line.contains("ready"));
    assert!(ready);
    let marked = || {
        processes()
            .filter(|process| {
                let line = fs::read(process.join("cmdline")).unwrap_or_default();
                String::from_utf8_lossy(&line).contains(&format!("sleep\0{MARK}"))
            })
            .count()
    };
    eventually("the command runs", || marked() > 0);
    let keepers: Vec<_> = processes()
        .filter(|process| stat_field(process, 1).as_deref() == Some(&owner.id().to_string()))
        .collect();
    assert_eq!(keepers.len(), 1);
    let group = |process: &Path| stat_field(process, 2);
    let owners = group(Path::new(&format!("/proc/{}", owner.id())));
    assert_ne!(
        group(&keepers[0]),
        owners,
        "an interrupt at the owner's terminal would reach the keeper"
    );
    owner.kill().unwrap();
    owner.wait().unwrap();
    eventually("no command is left", || marked() == 0);
    eventually("no keeper is left", || {
        keepers.iter().all(|keeper| is_gone(keeper))
    });
    eventually("no control group is left", || {
        groups_of(owner.id()).is_empty()
    });
    let left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 2, "the layer and the built folder: {left:?}");
}

/// Whether a process is no more, or waits only for whatever adopted it.
fn is_gone(process: &Path) -> bool {
    stat_field(process, 0).is_none_or(|state| state == "Z")
}

#[tokio::test]
#[ignore = "run by `killing_the_owner_leaves_nothing`"]
async fn own_a_sandbox_until_killed() {
    let folder = PathBuf::from(std::env::var_os("SWEMILL_TEST_FOLDER").unwrap());
    let backend = NativeBackend::new(launcher());
    fs::create_dir(folder.join("layer")).unwrap();
    backend.adopt(&folder.join("layer")).await.unwrap();
    let spec = swemill_sandbox::EnvironmentSpec {
        digest: "owned".into(),
        trees: vec![swemill_sandbox::Tree {
            target: "/testbed".into(),
            lower: vec![folder.join("layer")],
            upper: Upper::Folder(folder.join("built")),
        }],
        mounts: Vec::new(),
        variables: std::collections::BTreeMap::default(),
        network: swemill_sandbox::Network::None,
        working_directory: "/testbed".into(),
        labels: std::collections::BTreeMap::new(),
    };
    let environment = backend.prepare(&spec).await.unwrap();
    let sandbox = backend.start(&environment, &small()).await.unwrap();
    println!("ready");
    let script = format!("trap '' TERM HUP; setsid sleep {MARK} & setsid sleep {MARK}");
    sandbox.exec(shell(&script)).await.unwrap();
}

#[tokio::test]
async fn groups_of_dead_owners_are_removed_at_the_next_start() {
    let orphan = |group: &Path| {
        let own = group.file_name().unwrap().to_string_lossy().into_owned();
        let fields: Vec<&str> = own.split('-').collect();
        // The same process id, but of a process that began at another time.
        group.with_file_name(format!("swemill-{}-{}-1-0", fields[1], fields[2]))
    };
    let host = Host::new(native()).await;
    let sandbox = host.start().await;
    let Some(group) = groups_of(std::process::id()).into_iter().next() else {
        // No control groups can be made here: nothing to leave.
        return;
    };
    fs::create_dir(orphan(&group)).unwrap();
    drop(native());
    assert!(!orphan(&group).exists());
    assert!(group.exists(), "a living owner's group stays");
    drop(sandbox);
}

#[tokio::test]
async fn commands_have_no_rights_on_the_host() {
    let host = Host::new(native()).await;
    let mut spec = host.spec();
    spec.trees[0].upper = Upper::Folder(host.path("built"));
    let sandbox = host.start_with(&spec, &small()).await;
    succeed(&*sandbox, shell("touch made")).await;
    let owner = fs::metadata(host.path("built/made")).unwrap().uid();
    let (expected, _) = NativeBackend::new(launcher()).host_ids();
    assert_eq!(owner, expected);
    assert_ne!(owner, 0);
}
