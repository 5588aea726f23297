//! From a spec to the plan that a sandbox's first process carries out, with every host path checked.

use std::ffi::OsString;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use super::scratch;
use super::user::HostUser;
use super::wire::{Ceilings, MountPlan, Setup, TreePlan};
use crate::{EnvironmentSpec, Error, Limits, Mount, Network, Result, Tree, Upper};

/// Checks that everything the spec names is there.
pub(crate) fn check(spec: &EnvironmentSpec) -> Result<()> {
    for tree in &spec.trees {
        tree_plan(tree)?;
    }
    for mount in &spec.mounts {
        mount_plan(mount)?;
    }
    inside(&spec.working_directory).map(drop)
}

/// The plan for one sandbox. With a `scratch` folder on the host, what should be written to memory goes there.
pub(crate) fn setup(
    spec: &EnvironmentSpec,
    limits: &Limits,
    user: HostUser,
    scratch: Option<&Path>,
) -> Result<Setup> {
    let mut trees = Vec::new();
    let mut leftovers = Vec::new();
    let scratch = scratch
        .filter(|_| spec.trees.iter().any(|tree| tree.upper == Upper::Memory))
        .map(|folder| scratch::make(folder).map_err(|error| unusable(folder, &error.to_string())))
        .transpose()?;
    leftovers.extend(scratch.clone().map(PathBuf::into_os_string));
    for (number, tree) in spec.trees.iter().enumerate() {
        let mut plan = tree_plan(tree)?;
        let folder = match (&tree.upper, &scratch) {
            (Upper::Folder(folder), _) => Some(folder.clone()),
            (Upper::Memory, scratch) => scratch
                .as_ref()
                .map(|scratch| scratch.join(number.to_string())),
        };
        if let Some(folder) = folder {
            let upper = make_upper(&folder)?;
            let work = make_work(&upper)?;
            leftovers.push(work.clone().into_os_string());
            plan.upper = Some((upper.into_os_string(), work.into_os_string()));
        }
        trees.push(plan);
    }
    Ok(Setup {
        trees,
        mounts: spec.mounts.iter().map(mount_plan).collect::<Result<_>>()?,
        network: spec.network == Network::Host,
        user,
        working_directory: inside(&spec.working_directory)?,
        ceilings: Ceilings {
            memory_bytes: limits.memory_bytes,
            watch_memory: false,
            processes: limits.processes,
            open_files: limits.open_files,
            disk_bytes: limits.disk_bytes,
        },
        groups: Vec::new(),
        leftovers,
        seeded: false,
        renewable: false,
    })
}

/// A tree without its upper folder, which is only made when a sandbox starts.
fn tree_plan(tree: &Tree) -> Result<TreePlan> {
    if tree.lower.is_empty() {
        return Err(unusable(&tree.target, "the tree has no lower folder"));
    }
    let mut lower = Vec::new();
    for folder in &tree.lower {
        let folder = canonical(folder)?;
        if !folder.is_dir() {
            return Err(unusable(&folder, "it is not a folder"));
        }
        lower.push(folder.into_os_string());
    }
    Ok(TreePlan {
        target: inside(&tree.target)?,
        lower,
        upper: None,
    })
}

fn mount_plan(mount: &Mount) -> Result<MountPlan> {
    Ok(MountPlan {
        source: canonical(&mount.source)?.into_os_string(),
        target: inside(&mount.target)?,
        writable: mount.writable,
    })
}

/// Makes the folder that receives a tree's writes, if it is not there.
fn make_upper(folder: &Path) -> Result<PathBuf> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(folder)
        .map_err(|error| unusable(folder, &error.to_string()))?;
    canonical(folder)
}

/// Makes overlayfs's work folder: empty, and beside the upper one, since it has to be on the same file system.
fn make_work(upper: &Path) -> Result<PathBuf> {
    let mut name = upper
        .file_name()
        .ok_or_else(|| unusable(upper, "it has no name"))?
        .to_os_string();
    name.push(".work");
    let work = upper.with_file_name(name);
    match fs::create_dir(&work) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => made.map_err(|error| unusable(&work, &error.to_string()))?,
    }
    let same = |path: &Path| fs::metadata(path).map(|metadata| metadata.dev());
    match (same(upper), same(&work)) {
        (Ok(a), Ok(b)) if a == b => Ok(work),
        _ => Err(unusable(
            upper,
            "no work folder can be made beside it on the same file system",
        )),
    }
}

/// A host path without links, so that it means the same in the sandbox's first process.
fn canonical(path: &Path) -> Result<PathBuf> {
    if !path.is_absolute() {
        return Err(unusable(path, "it is not an absolute path"));
    }
    fs::canonicalize(path).map_err(|error| unusable(path, &error.to_string()))
}

/// A path inside: absolute, and without `..`.
pub(crate) fn inside(path: &Path) -> Result<OsString> {
    let plain = path
        .components()
        .all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    if path.is_absolute() && plain {
        Ok(path.as_os_str().to_os_string())
    } else {
        Err(unusable(
            path,
            "paths inside a sandbox are absolute and have no `..`",
        ))
    }
}

fn unusable(path: &Path, reason: &str) -> Error {
    Error::Path {
        path: path.to_path_buf(),
        reason: reason.into(),
    }
}
