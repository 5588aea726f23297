//! Control groups, version 1 and 2: the strongest way to bound memory and processes, where they can be
//! written.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use nix::unistd::{AccessFlags, access};

use super::init::keeper::remove_group;
use crate::Limits;

/// The folders under which this process may make control groups.
#[derive(Debug)]
pub(crate) struct Groups {
    memory: Option<PathBuf>,
    processes: Option<PathBuf>,
    unified: Option<PathBuf>,
    /// Why something is missing.
    reason: String,
    made: AtomicU64,
}

impl Groups {
    /// None at all.
    pub(crate) fn none(reason: &str) -> Self {
        Self {
            memory: None,
            processes: None,
            unified: None,
            reason: reason.into(),
            made: AtomicU64::new(0),
        }
    }

    /// What the running process may use.
    pub(crate) fn discover() -> Self {
        let memberships = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let version_1 = |controller: &str| {
            own_group(&memberships, &mounts, Some(controller)).filter(|path| writable(path))
        };
        let unified = own_group(&memberships, &mounts, None)
            .filter(|path| writable(path) && hands_down(path));
        let mut groups = Self::none("");
        if unified.is_some() {
            groups.unified = unified;
        } else {
            groups.memory = version_1("memory");
            groups.processes = version_1("pids");
        }
        if groups.bounds_memory().is_none() {
            groups.reason = "no control group with the memory controller can be written".into();
        }
        groups
    }

    /// How memory is bounded, if by a control group.
    pub(crate) fn bounds_memory(&self) -> Option<&Path> {
        self.unified.as_deref().or(self.memory.as_deref())
    }

    /// Why there are none.
    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }

    /// Makes a sandbox's groups. A failure leaves the limits to the weaker means.
    pub(crate) fn create(&self, limits: &Limits) -> Option<Group> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}{number}", own_prefix()?);
        let mut group = Group::default();
        let made = group.make(self, &name, limits);
        if let Err(error) = made {
            tracing::warn!(%error, "a control group could not be made; limits hold by weaker means");
            return None;
        }
        (!group.folders.is_empty()).then_some(group)
    }

    /// Removes the groups of callers that are dead, which killed keepers left.
    pub(crate) fn reap(&self) {
        let folders = [&self.memory, &self.processes, &self.unified];
        for folder in folders.into_iter().flatten() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                if owner_is_dead(&entry.file_name().to_string_lossy()) {
                    remove_group(&entry.path());
                }
            }
        }
    }
}

/// The control groups of one sandbox. The keeper removes them; so does dropping this, should the keeper
/// never have started.
#[derive(Debug, Default)]
pub(crate) struct Group {
    folders: Vec<PathBuf>,
    events: Option<PathBuf>,
}

impl Group {
    fn make(&mut self, groups: &Groups, name: &str, limits: &Limits) -> io::Result<()> {
        let memory = limits.memory_bytes.to_string();
        // The first process is one of them.
        let processes = limits.processes.saturating_add(1).to_string();
        if let Some(unified) = &groups.unified {
            let folder = self.make_folder(unified, name)?;
            fs::write(folder.join("memory.max"), &memory)?;
            let _ = fs::write(folder.join("memory.swap.max"), "0");
            fs::write(folder.join("pids.max"), &processes)?;
            self.events = Some(folder.join("memory.events"));
        }
        if let Some(parent) = &groups.memory {
            let folder = self.make_folder(parent, name)?;
            fs::write(folder.join("memory.limit_in_bytes"), &memory)?;
            // There only where the kernel accounts for swap.
            let _ = fs::write(folder.join("memory.memsw.limit_in_bytes"), &memory);
            self.events = Some(folder.join("memory.oom_control"));
        }
        if let Some(parent) = &groups.processes {
            let folder = self.make_folder(parent, name)?;
            fs::write(folder.join("pids.max"), &processes)?;
        }
        Ok(())
    }

    fn make_folder(&mut self, parent: &Path, name: &str) -> io::Result<PathBuf> {
        let folder = parent.join(name);
        fs::create_dir(&folder)?;
        self.folders.push(folder.clone());
        Ok(folder)
    }

    /// The folders, for the keeper.
    pub(crate) fn paths(&self) -> Vec<OsString> {
        self.folders
            .iter()
            .map(|folder| folder.clone().into_os_string())
            .collect()
    }

    /// Whether the kernel bounds the memory.
    pub(crate) fn bounds_memory(&self) -> bool {
        self.events.is_some()
    }

    /// How many processes the kernel has killed for using too much memory.
    pub(crate) fn memory_kills(&self) -> u64 {
        let events = self
            .events
            .as_ref()
            .and_then(|file| fs::read_to_string(file).ok());
        events
            .as_deref()
            .unwrap_or_default()
            .lines()
            .find_map(|line| line.strip_prefix("oom_kill "))
            .and_then(|count| count.trim().parse().ok())
            .unwrap_or(0)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for folder in &self.folders {
            // Fails while the sandbox lives; the keeper does it then.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// The folder of this process's own group: of a version 1 controller, or of version 2.
fn own_group(memberships: &str, mounts: &str, controller: Option<&str>) -> Option<PathBuf> {
    let group = memberships.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let found = match controller {
            Some(name) => controllers.split(',').any(|c| c == name),
            None => controllers.is_empty(),
        };
        found.then_some(path)
    })?;
    let (root, point) = mounts.lines().find_map(|line| {
        let (place, system) = line.split_once(" - ")?;
        let mut place = place.split(' ').skip(3);
        let (root, point) = (place.next()?, place.next()?);
        let mut system = system.split(' ');
        let (kind, _, options) = (system.next()?, system.next()?, system.next()?);
        let found = match controller {
            Some(name) => kind == "cgroup" && options.split(',').any(|option| option == name),
            None => kind == "cgroup2",
        };
        found.then_some((root, point))
    })?;
    // A container sees a part of the hierarchy as its whole.
    let below = Path::new(group).strip_prefix(root).unwrap_or(Path::new(""));
    Some(Path::new(point).join(below))
}

fn writable(folder: &Path) -> bool {
    access(folder, AccessFlags::W_OK).is_ok()
}

/// Whether a version 2 group hands the memory and process controllers down to groups made in it. Where it
/// does not, but may and is allowed to, it is told to.
fn hands_down(folder: &Path) -> bool {
    let control = folder.join("cgroup.subtree_control");
    let both = || {
        let enabled = fs::read_to_string(&control).unwrap_or_default();
        ["memory", "pids"]
            .iter()
            .all(|name| enabled.split_whitespace().any(|c| c == *name))
    };
    both() || (fs::write(&control, "+memory +pids").is_ok() && both())
}

/// What the names of this process's groups begin with: its process namespace, id and start time, by which
/// it can be told to be dead.
fn own_prefix() -> Option<String> {
    let id = std::process::id();
    Some(format!(
        "swemill-{}-{id}-{}-",
        process_namespace()?,
        start_time(id)?
    ))
}

/// Whether a group's name is one of ours whose maker is no more.
fn owner_is_dead(name: &str) -> bool {
    let mut fields = name.split('-');
    let (Some("swemill"), Some(namespace), Some(id), Some(began), Some(_), None) = (
        fields.next(),
        fields.next(),
        fields.next(),
        fields.next(),
        fields.next(),
        fields.next(),
    ) else {
        return false;
    };
    if process_namespace().as_deref() != Some(namespace) {
        return false;
    }
    let Ok(id) = id.parse() else { return false };
    start_time(id).as_deref() != Some(began)
}

fn process_namespace() -> Option<String> {
    let link = fs::read_link("/proc/self/ns/pid").ok()?;
    let digits: String = link
        .to_string_lossy()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    Some(digits)
}

/// A process's start, in clock ticks since the machine's: the 22nd field of its `stat`.
fn start_time(id: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(") ")?;
    after_name.split(' ').nth(19).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
30 24 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
31 24 0:27 /docker/abc /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
32 24 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
";
    const MEMBERSHIPS: &str = "4:memory:/jobs/one\n8:pids:/docker/abc/x\n0::/\n";

    #[test]
    fn a_group_lies_below_its_controllers_mount() {
        let group = own_group(MEMBERSHIPS, MOUNTS, Some("memory"));
        assert_eq!(group.unwrap(), Path::new("/sys/fs/cgroup/memory/jobs/one"));
    }

    #[test]
    fn a_containers_group_is_relative_to_what_is_mounted() {
        let group = own_group(MEMBERSHIPS, MOUNTS, Some("pids"));
        assert_eq!(group.unwrap(), Path::new("/sys/fs/cgroup/pids/x"));
    }

    #[test]
    fn version_2_has_no_controller_name() {
        let group = own_group(MEMBERSHIPS, MOUNTS, None);
        assert_eq!(group.unwrap(), Path::new("/sys/fs/cgroup/unified"));
    }

    #[test]
    fn the_running_process_is_not_dead_and_a_reused_id_is_not_it() {
        let own = format!("{}0", own_prefix().unwrap());
        assert!(!owner_is_dead(&own));
        let namespace = process_namespace().unwrap();
        assert!(owner_is_dead(&format!(
            "swemill-{namespace}-{}-1-0",
            std::process::id()
        )));
        assert!(!owner_is_dead("swemill-1-1-1-0"), "another namespace's");
        assert!(!owner_is_dead("system.slice"));
    }
}
