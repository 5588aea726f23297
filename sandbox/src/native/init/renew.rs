//! Undoing all that was written in a sandbox, under a process that stays: the file system that a template's
//! next copy sees is as new as a fresh sandbox's.
//!
//! What was written lies in folders of the state, one set a *round*. The template's own is the first; every
//! later round begins as a copy of it, and is seen at the same places through new mounts. Overlays can only be
//! mounted from folders that are still part of this mount namespace, so the layers are kept in it, under a
//! folder that an empty one is mounted over.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, umount2};

use super::super::wire::Setup;
use super::mounts::{Access, Source, make_folder, mount_fresh};
use super::removal::remove_tree;
use super::root::{State, WRITABLE, overlay, upper_folder};
use super::{Failure, Step, copy};

/// The layers of every tree and the state folder, out of sight but within reach.
#[derive(Debug)]
pub(crate) struct Held {
    /// The layers of each tree, the uppermost first.
    lower: Vec<Vec<Source>>,
    /// The state folder, still mounted.
    state: Source,
    /// Rounds so far.
    rounds: u64,
}

impl Held {
    /// Keeps the layers in a folder under the new root, and mounts an empty one over it and over the state.
    pub(crate) fn behind_a_curtain<'a>(
        root: &Path,
        state: &Path,
        trees: impl Iterator<Item = &'a [Source]>,
    ) -> Result<Self, Failure> {
        let folder = root.join(".layers");
        let mut lower = Vec::new();
        for (tree, layers) in trees.enumerate() {
            let mut kept = Vec::new();
            for (number, layer) in layers.iter().enumerate() {
                let place = folder.join(format!("{tree}-{number}"));
                layer.bind(&place, Access::ReadOnly)?;
                kept.push(Source::open(place.as_os_str())?);
            }
            lower.push(kept);
        }
        let state_source = Source::open(state.as_os_str())?;
        make_folder(&folder)?;
        for curtained in [folder.as_path(), state] {
            let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
            mount_fresh(
                "tmpfs",
                curtained,
                flags | MsFlags::MS_RDONLY,
                "mode=0,size=4k,nr_inodes=2",
            )?;
        }
        Ok(Self {
            lower,
            state: state_source,
            rounds: 0,
        })
    }
}

/// Begins a new round: everything is seen again as the template left it when it was ready.
pub(crate) fn renew(state: &mut State, setup: &Setup) -> Result<(), Failure> {
    let Some(held) = &mut state.held else {
        return Err(impossible("the sandbox was not started for it"));
    };
    let inside = |outer: &Path, inner: &OsString| {
        Path::new(inner) != outer && Path::new(inner).starts_with(outer)
    };
    let trees = || setup.trees.iter().map(|tree| &tree.target);
    let mounts = || setup.mounts.iter().map(|mount| &mount.target);
    let in_tree = |inner: &OsString| trees().any(|outer| inside(Path::new(outer), inner));
    if trees().any(in_tree) || mounts().any(in_tree) {
        return Err(impossible("a tree or mount lies inside a tree"));
    }
    let writable = || {
        WRITABLE
            .iter()
            .map(|(_, _, target)| Path::new("/").join(target))
    };
    if mounts().any(|mount| writable().any(|outer| inside(&outer, mount))) {
        return Err(impossible(
            "a mount lies inside a folder that can be written",
        ));
    }
    let top = held.state.path();
    let past = top.join(round_name(held.rounds));
    held.rounds += 1;
    let round = top.join(round_name(held.rounds));
    make_folder(&round)?;
    // Nobody but the commands' own folders below may be entered.
    fs::set_permissions(&round, Permissions::from_mode(0o700))
        .step(|| "closing the round's folder".into())?;
    copy::copy_tree(state.folder.as_fd(), &round).step(|| "copying the template's files".into())?;
    // Trees first: they may lie inside the folders that follow.
    for target in trees() {
        let target = Path::new(target);
        umount2(target, MntFlags::MNT_DETACH).step(|| format!("clearing {}", target.display()))?;
    }
    for (name, _, target) in WRITABLE {
        let target = Path::new("/").join(target);
        umount2(&target, MntFlags::MNT_DETACH).step(|| format!("clearing {name}"))?;
        Source::open(round.join(name).as_os_str())?.bind(&target, Access::Writable)?;
    }
    for (index, (tree, lower)) in setup.trees.iter().zip(&held.lower).enumerate() {
        let target = Path::new(&tree.target);
        let step = || format!("renewing {}", target.display());
        let work = round.join(format!("work-{index}"));
        make_folder(&work)?;
        let upper = Source::open(upper_folder(&round, index).as_os_str())?;
        overlay(lower, &upper, &Source::open(work.as_os_str())?, target).step(step)?;
    }
    remove_tree(&past);
    Ok(())
}

/// The folder of a round in the state folder. The template's own files lie beside them.
fn round_name(round: u64) -> PathBuf {
    format!("{}{round}", copy::ROUND_PREFIX).into()
}

fn impossible(reason: &str) -> Failure {
    Failure {
        step: "undoing what was written".into(),
        reason: reason.into(),
    }
}
