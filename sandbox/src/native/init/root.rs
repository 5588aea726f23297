//! Building the file system that a sandbox sees, and moving into it.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, open};
use nix::libc;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::Mode;
use nix::unistd::{chdir, chown, pivot_root, sethostname};

use super::super::user::INNER_ID;
use super::super::wire::{Setup, TreePlan};
use super::mounts::{Access, Place, Source, freeze, make_folder, mount_fresh, shown_inside};
use super::renew::Held;
use super::{Failure, Step, copy, etc, objects};

/// Where the new root is built: a folder that every host has. What the host keeps there stays reachable
/// through descriptors opened before.
pub(crate) const NEW_ROOT: &str = "/tmp";

/// The host's programs: folders, or links in a merged `/usr`.
const PROGRAMS: &[&str] = &["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/// Devices that give nothing away.
const DEVICES: &[&str] = &["null", "zero", "full", "random", "urandom", "tty"];

/// Files of `/proc` that tell of or act on the whole machine.
const HIDDEN_FILES: &[&str] = &[
    "kcore",
    "keys",
    "key-users",
    "kmsg",
    "latency_stats",
    "sched_debug",
    "sysrq-trigger",
    "timer_list",
];

/// Folders of `/proc` that do. (Whoever opens a file of `pressure` for writing has the kernel watch for him.)
const HIDDEN_FOLDERS: &[&str] = &["acpi", "asound", "pressure", "scsi"];

/// Folders of `/proc` that may be looked at.
const FROZEN_FOLDERS: &[&str] = &["bus", "fs", "irq", "sys"];

/// Files and folders in memory: everything a sandbox writes, under one ceiling.
#[derive(Debug)]
pub(crate) struct State {
    /// The folder that holds it all, seen by nobody inside.
    pub(crate) folder: OwnedFd,
    /// What renewing it takes, where that was asked for.
    pub(crate) held: Option<Held>,
}

/// What is written to besides the trees: the folder's name in the state, its mode, and where it is seen.
pub(crate) const WRITABLE: &[(&str, u32, &str)] = &[
    ("tmp", 0o1777, "tmp"),
    ("shm", 0o1777, "dev/shm"),
    ("home", 0o755, "home/sandbox"),
];

/// Builds the place and enters it.
pub(crate) fn build(setup: &Setup, seed: Option<OwnedFd>) -> Result<State, Failure> {
    // From here on no other process may look into this one, whoever it runs as.
    // SAFETY: prctl and umask with these constants change only this process's own settings.
    unsafe {
        libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0);
        libc::umask(0o022);
    }
    sethostname("sandbox").step(|| "naming the host".into())?;
    // SAFETY: unshare acts on this process only.
    if unsafe { libc::unshare(libc::CLONE_NEWCGROUP) } != 0 {
        return Err(std::io::Error::last_os_error()).step(|| "hiding the control groups".into());
    }
    if !setup.network {
        super::super::loopback::up().step(|| "starting the loopback interface".into())?;
    }
    mount(
        None::<&str>,
        "/",
        None::<&str>,
        MsFlags::MS_REC | MsFlags::MS_PRIVATE,
        None::<&str>,
    )
    .step(|| "detaching from the host's mounts".into())?;
    let sources = Sources::open(setup)?;
    let root = Path::new(NEW_ROOT);
    mount_fresh(
        "tmpfs",
        root,
        MsFlags::MS_NOSUID | MsFlags::MS_NODEV,
        "mode=755,size=16m,nr_inodes=65536",
    )?;
    make_proc(&root.join("proc"))?;
    let state = make_state(setup, seed)?;
    make_system(root, setup, &sources)?;
    make_writable(root, &state)?;
    make_trees(setup, &sources, &state)?;
    for (plan, source) in setup.mounts.iter().zip(&sources.mounts) {
        let access = if plan.writable {
            Access::Writable
        } else {
            Access::ReadOnly
        };
        source.bind_inside(&plan.target, access)?;
    }
    Place::make(&setup.working_directory, true)?;
    let folder = open(&state, OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())
        .step(|| "opening the state folder".into())?;
    let held = if setup.renewable {
        let lower = sources.trees.iter().map(|tree| &tree.lower[..]);
        Some(Held::behind_a_curtain(root, &state, lower)?)
    } else {
        umount2(&state, MntFlags::MNT_DETACH).step(|| "hiding the state folder".into())?;
        let _ = fs::remove_dir(&state);
        None
    };
    drop(sources);
    freeze(root).step(|| "making the root read-only".into())?;
    enter(root)?;
    Ok(State { folder, held })
}

/// Every host path that the place is made of, held open.
struct Sources {
    programs: Vec<(&'static str, Program)>,
    etc: etc::Shared,
    devices: Vec<(&'static str, Source)>,
    trees: Vec<TreeSources>,
    mounts: Vec<Source>,
}

enum Program {
    Folder(Source),
    Link(PathBuf),
}

struct TreeSources {
    lower: Vec<Source>,
    upper: Option<(Source, Source)>,
}

impl Sources {
    fn open(setup: &Setup) -> Result<Self, Failure> {
        let mut programs = Vec::new();
        for name in PROGRAMS {
            let path = Path::new(&setup.system).join(name);
            if let Ok(link) = fs::read_link(&path) {
                programs.push((*name, Program::Link(link)));
            } else if path.is_dir() {
                programs.push((*name, Program::Folder(Source::open(path.as_os_str())?)));
            }
        }
        let devices = DEVICES
            .iter()
            .filter_map(|name| Some((*name, Source::open_if_there(&format!("/dev/{name}"))?)));
        let tree = |tree: &TreePlan| {
            Ok(TreeSources {
                lower: open_all(&tree.lower)?,
                upper: match &tree.upper {
                    Some((upper, work)) => Some((Source::open(upper)?, Source::open(work)?)),
                    None => None,
                },
            })
        };
        Ok(Self {
            programs,
            etc: etc::open_shared(Path::new(&setup.system), setup.network),
            devices: devices.collect(),
            trees: setup.trees.iter().map(tree).collect::<Result<_, _>>()?,
            mounts: open_all(setup.mounts.iter().map(|mount| &mount.source))?,
        })
    }
}

fn open_all<'a>(
    paths: impl IntoIterator<Item = &'a std::ffi::OsString>,
) -> Result<Vec<Source>, Failure> {
    paths.into_iter().map(|path| Source::open(path)).collect()
}

/// The process table of the sandbox alone. It has to be mounted while the host's can still be seen: the
/// kernel gives no fuller view of `/proc` than the one there was.
fn make_proc(proc: &Path) -> Result<(), Failure> {
    make_folder(proc)?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount_fresh("proc", proc, flags, "")?;
    objects::limit(proc);
    for name in HIDDEN_FILES {
        let file = proc.join(name);
        if file.exists() {
            let null = Source::open(OsStr::new("/dev/null"))?;
            null.bind(&file, Access::Device)?;
        }
    }
    for name in HIDDEN_FOLDERS {
        let folder = proc.join(name);
        if folder.is_dir() {
            mount_fresh("tmpfs", &folder, flags | MsFlags::MS_RDONLY, "size=0")?;
        }
    }
    for name in FROZEN_FOLDERS {
        let folder = proc.join(name);
        if folder.is_dir() {
            Source::open(folder.as_os_str())?.bind(&folder, Access::ReadOnly)?;
        }
    }
    Ok(())
}

/// Mounts the memory that everything written goes to, and fills it when this is a copy of another sandbox.
fn make_state(setup: &Setup, seed: Option<OwnedFd>) -> Result<PathBuf, Failure> {
    let state = Path::new(NEW_ROOT).join(".state");
    make_folder(&state)?;
    let bytes = setup.ceilings.disk_bytes.max(1 << 20);
    // A page a file on average, and never so many that the kernel's own memory for them matters.
    let files = (bytes / 4096).clamp(1024, 1 << 20);
    mount_fresh(
        "tmpfs",
        &state,
        MsFlags::MS_NOSUID | MsFlags::MS_NODEV,
        &format!("mode=700,size={bytes},nr_inodes={files}"),
    )?;
    if let Some(seed) = seed {
        copy::copy_tree(seed.as_fd(), &state)
            .step(|| "copying the other sandbox's files".into())?;
        return Ok(state);
    }
    for (name, mode, _) in WRITABLE {
        let folder = state.join(name);
        make_folder(&folder)?;
        fs::set_permissions(&folder, Permissions::from_mode(*mode))
            .step(|| format!("opening {name} to all"))?;
    }
    give(&state.join("home"))?;
    for index in 0..setup.trees.len() {
        let upper = upper_folder(&state, index);
        make_folder(&upper)?;
        give(&upper)?;
    }
    Ok(state)
}

/// Where a tree's writes go in memory.
pub(crate) fn upper_folder(state: &Path, index: usize) -> PathBuf {
    state.join(format!("upper-{index}"))
}

/// Makes the commands' user the owner.
fn give(path: &Path) -> Result<(), Failure> {
    chown(path, Some(INNER_ID.into()), Some(INNER_ID.into()))
        .step(|| format!("giving {} to the commands' user", shown_inside(path)))
}

/// The read-only system: programs, `/etc`, devices.
fn make_system(root: &Path, setup: &Setup, sources: &Sources) -> Result<(), Failure> {
    for (name, program) in &sources.programs {
        let target = root.join(name);
        match program {
            Program::Folder(source) => source.bind(&target, Access::ReadOnly)?,
            Program::Link(link) => symlink(link, &target).step(|| format!("linking /{name}"))?,
        }
    }
    etc::fill(&root.join("etc"), &sources.etc, setup.network)?;
    let dev = root.join("dev");
    make_folder(&dev)?;
    for (name, source) in &sources.devices {
        source.bind(&dev.join(name), Access::Device)?;
    }
    make_folder(&dev.join("pts"))?;
    mount_fresh(
        "devpts",
        &dev.join("pts"),
        MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC,
        "newinstance,ptmxmode=0666,mode=620",
    )?;
    let links = [
        ("pts/ptmx", "ptmx"),
        ("/proc/self/fd", "fd"),
        ("/proc/self/fd/0", "stdin"),
        ("/proc/self/fd/1", "stdout"),
        ("/proc/self/fd/2", "stderr"),
    ];
    for (to, name) in links {
        symlink(to, dev.join(name)).step(|| format!("linking /dev/{name}"))?;
    }
    make_folder(&root.join("run"))?;
    make_folder(&root.join("var"))?;
    symlink("/tmp", root.join("var/tmp")).step(|| "linking /var/tmp".into())
}

/// `/tmp`, the home folder and shared memory, all in the one bounded memory.
fn make_writable(root: &Path, state: &Path) -> Result<(), Failure> {
    for (name, _, target) in WRITABLE {
        Source::open(state.join(name).as_os_str())?.bind(&root.join(target), Access::Writable)?;
    }
    Ok(())
}

/// The copy-on-write trees, outer ones before those inside them.
fn make_trees(setup: &Setup, sources: &Sources, state: &Path) -> Result<(), Failure> {
    let mut order: Vec<usize> = (0..setup.trees.len()).collect();
    order.sort_by_key(|index| Path::new(&setup.trees[*index].target).components().count());
    for index in order {
        let target = &setup.trees[index].target;
        let step = || format!("assembling {}", Path::new(target).display());
        let tree = &sources.trees[index];
        let in_memory;
        let (upper, work) = if let Some(pair) = &tree.upper {
            give(&pair.0.path())?;
            pair
        } else {
            let work = state.join(format!("work-{index}"));
            make_folder(&work)?;
            in_memory = (
                Source::open(upper_folder(state, index).as_os_str())?,
                Source::open(work.as_os_str())?,
            );
            &in_memory
        };
        let place = Place::make(target, true)?;
        overlay(&tree.lower, upper, work, &place.path()).step(step)?;
    }
    Ok(())
}

/// Mounts read-only layers, the uppermost first, under a writable one.
pub(crate) fn overlay(
    lower: &[Source],
    upper: &Source,
    work: &Source,
    target: &Path,
) -> nix::Result<()> {
    let lower: Vec<_> = lower
        .iter()
        .map(|layer| layer.path().display().to_string())
        .collect();
    let options = format!(
        "lowerdir={},upperdir={},workdir={},userxattr",
        lower.join(":"),
        upper.path().display(),
        work.path().display(),
    );
    mount(
        Some("overlay"),
        target,
        Some("overlay"),
        MsFlags::MS_NOSUID | MsFlags::MS_NODEV,
        Some(options.as_str()),
    )
}

/// Makes the new root the only one.
fn enter(root: &Path) -> Result<(), Failure> {
    chdir(root).step(|| "entering the new root".into())?;
    pivot_root(".", ".").step(|| "changing the root".into())?;
    umount2(".", MntFlags::MNT_DETACH).step(|| "leaving the host's files".into())?;
    chdir("/").step(|| "entering the new root".into())
}
