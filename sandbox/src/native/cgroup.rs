//! Control groups, version 1 and 2: the strongest way to bound memory and processes, where they can be
//! written.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use super::init::keeper::remove_group;
use super::owner;
use crate::Limits;

/// The folders under which this process may make control groups.
#[derive(Clone, Debug)]
pub(crate) struct Groups {
    memory: Option<PathBuf>,
    processes: Option<PathBuf>,
    unified: Option<PathBuf>,
    /// Why something is missing.
    reason: String,
}

impl Groups {
    /// None at all.
    pub(crate) fn none(reason: &str) -> Self {
        Self {
            memory: None,
            processes: None,
            unified: None,
            reason: reason.into(),
        }
    }

    /// What the running process may use.
    pub(crate) fn discover() -> Self {
        let memberships = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let version_1 = |controller: &str| {
            own_group(&memberships, &mounts, Some(controller)).filter(|path| writable(path))
        };
        let unified = unified_parent(&memberships, &mounts);
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
        let name = owner::new_name()?;
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
                if owner::is_dead(&entry.file_name().to_string_lossy()) {
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

/// The version 2 group to make groups in. Only groups without processes of their own hand controllers down,
/// so a group that holds nothing but this process is left for a leaf of it (the way of a service manager's
/// `Delegate=yes`). Root may also use the top of the hierarchy, which is exempt.
fn unified_parent(memberships: &str, mounts: &str) -> Option<PathBuf> {
    let own = own_group(memberships, mounts, None)?;
    let own = match own.file_name() {
        Some(name) if name == OWN_LEAF => own.parent()?.to_path_buf(),
        _ => own,
    };
    if writable(&own) && (hands_down(&own) || (step_aside(&own) && hands_down(&own))) {
        return Some(own);
    }
    let top = own
        .ancestors()
        .filter(|folder| folder.join("cgroup.controllers").exists())
        .last()?;
    (writable(top) && is_handing_down(top)).then(|| top.to_path_buf())
}

/// The group that this process moves itself into.
const OWN_LEAF: &str = "swemill-main";

/// Moves this process into a leaf of its group, if it is alone there.
fn step_aside(folder: &Path) -> bool {
    let id = std::process::id().to_string();
    let alone = fs::read_to_string(folder.join("cgroup.procs"))
        .is_ok_and(|processes| processes.trim() == id);
    let leaf = folder.join(OWN_LEAF);
    alone && fs::create_dir_all(&leaf).is_ok() && fs::write(leaf.join("cgroup.procs"), id).is_ok()
}

/// Whether a version 2 group hands the memory and process controllers down, after being told to if need be.
fn hands_down(folder: &Path) -> bool {
    let control = folder.join("cgroup.subtree_control");
    is_handing_down(folder)
        || (fs::write(control, "+memory +pids").is_ok() && is_handing_down(folder))
}

fn is_handing_down(folder: &Path) -> bool {
    let control = folder.join("cgroup.subtree_control");
    let enabled = fs::read_to_string(control).unwrap_or_default();
    ["memory", "pids"]
        .iter()
        .all(|name| enabled.split_whitespace().any(|enabled| enabled == *name))
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
}
