//! The layers that a spec adds to its base image, and the archive that its containers are sent.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tar::EntryType;

use super::agent::OWN_FOLDER;
use super::layer::{self, Layer};
use super::pack::{Ownership, Pack};
use super::system::ROOT_OWNED;
use super::walk::{self, Entry};
use crate::docker::passing;
use crate::docker::prepared::{Archive, Content, Placed};
use crate::native::user::INNER_ID;
use crate::{EnvironmentSpec, Mount, Network, Tree, Upper};

/// Trees that are larger together are not copied for every sandbox: the largest stay in the image, read-only.
const COPIED_AT_MOST: u64 = 512 << 20;

/// Files that commands may change: theirs, without rights that come with a file.
const OWN: Ownership = Ownership {
    id: Some(INNER_ID),
    mask: 0o1777,
};

/// Files that are shared as they are, within a tree: nobody may write them.
const FROZEN: Ownership = Ownership {
    id: Some(INNER_ID),
    mask: 0o555,
};

/// What goes where.
pub(crate) struct Plan<'a> {
    spec: &'a EnvironmentSpec,
    trees: Vec<(&'a Tree, Placed, BTreeMap<PathBuf, Entry>)>,
    /// Read-only mounts within trees that are written in memory, and all others.
    mounts_in_trees: Vec<&'a Mount>,
    other_mounts: Vec<&'a Mount>,
}

impl<'a> Plan<'a> {
    /// Looks at every folder.
    pub(crate) fn new(spec: &'a EnvironmentSpec) -> io::Result<Self> {
        let mut trees = Vec::new();
        for (index, tree) in spec.trees.iter().enumerate() {
            let seen = walk::merged(&tree.lower)?;
            let mut placed = Placed {
                target: tree.target.clone(),
                content: content_of(spec, tree, index),
                pages: 0,
                entries: 0,
            };
            for entry in seen.values() {
                let is_file = entry.metadata.is_file();
                placed.count(if is_file { entry.metadata.len() } else { 0 });
            }
            trees.push((tree, placed, seen));
        }
        leave_large_ones_in_place(&mut trees);
        let in_memory = |mount: &&Mount| {
            trees.iter().any(|(_, placed, _)| {
                placed.content != Content::InPlace && mount.target.starts_with(&placed.target)
            })
        };
        let (mounts_in_trees, other_mounts) = spec.mounts.iter().partition(in_memory);
        Ok(Self {
            spec,
            trees,
            mounts_in_trees,
            other_mounts,
        })
    }

    /// How each tree comes into a container.
    pub(crate) fn trees(&self) -> Vec<Placed> {
        self.trees
            .iter()
            .map(|(_, placed, _)| placed.clone())
            .collect()
    }

    /// Writes the layers: mounts first, which many environments share, what commands start in last.
    pub(crate) fn layers(&self, folder: &Path, access: u32) -> io::Result<Vec<Layer>> {
        let mut layers = Vec::new();
        let mut first_targets: BTreeMap<&Path, &Path> = BTreeMap::new();
        for mount in &self.other_mounts {
            let what = mount.target.display().to_string();
            let earlier = first_targets.get(mount.source.as_path()).copied();
            layers.push(layer::write(
                folder,
                &what,
                ROOT_OWNED,
                |pack| match earlier {
                    Some(earlier) => {
                        pack.link(relative(&mount.target), earlier, EntryType::Symlink)
                    }
                    None => add_mount(pack, mount),
                },
            )?);
            first_targets.entry(&mount.source).or_insert(&mount.target);
        }
        if self.spec.network == Network::Host {
            return Ok(layers);
        }
        let mut trees: Vec<_> = self.trees.iter().collect();
        trees.sort_by_key(|(_, placed, _)| placed.content == Content::Sent);
        for (tree, placed, _) in trees {
            for lower in tree.lower.iter().rev() {
                let what = tree.target.display().to_string();
                let entries = walk::entries(lower)?;
                layers.push(layer::write(folder, &what, OWN, |pack| {
                    add_tree(pack, &placed.target, access, &placed.content, &entries)
                })?);
            }
        }
        Ok(layers)
    }

    /// Writes what is sent to each container: trees that must not be read in the image, and mounts within trees.
    pub(crate) fn archive(&self) -> io::Result<Archive> {
        let passing = passing::file()?;
        let (file, path) = passing.into_parts();
        let mut pack = Pack::new(BufWriter::with_capacity(1 << 20, file), OWN);
        let mut sent: Vec<_> = self
            .trees
            .iter()
            .filter(|(_, placed, _)| placed.content == Content::Sent)
            .collect();
        sent.sort_by_key(|(_, placed, _)| placed.target.components().count());
        for (_, placed, seen) in sent {
            for entry in seen.values() {
                pack.add(&placed.target, entry)?;
            }
        }
        pack.owned_by(FROZEN);
        for mount in &self.mounts_in_trees {
            add_mount(&mut pack, mount)?;
        }
        let mut file = pack.finish()?.into_inner().map_err(io::Error::other)?;
        file.flush()?;
        Ok(Archive {
            bytes: file.metadata()?.len(),
            path,
        })
    }
}

/// What commands start in is sent; so is everything of a build, whose trees are never used twice.
fn content_of(spec: &EnvironmentSpec, tree: &Tree, index: usize) -> Content {
    let is_work = spec.working_directory.starts_with(&tree.target);
    if is_work || spec.network == Network::Host || tree.upper != Upper::Memory {
        Content::Sent
    } else {
        Content::Copied(Path::new(OWN_FOLDER).join(format!("trees/{index}")))
    }
}

fn leave_large_ones_in_place(trees: &mut [(&Tree, Placed, BTreeMap<PathBuf, Entry>)]) {
    loop {
        let total: u64 = trees.iter().map(|(_, placed, _)| in_memory(placed)).sum();
        let largest = trees
            .iter_mut()
            .filter(|(_, placed, _)| matches!(placed.content, Content::Copied(_)))
            .max_by_key(|(_, placed, _)| placed.pages);
        match largest {
            Some((_, placed, _)) if total > COPIED_AT_MOST => placed.content = Content::InPlace,
            _ => return,
        }
    }
}

fn in_memory(placed: &Placed) -> u64 {
    if placed.content == Content::InPlace {
        0
    } else {
        placed.pages()
    }
}

/// Adds a tree's layer where it belongs, so that the image is whole for whoever starts it by hand, and, if it is
/// copied by containers, where they find it behind the memory that hides the first place.
fn add_tree<W: Write>(
    pack: &mut Pack<W>,
    target: &Path,
    access: u32,
    content: &Content,
    entries: &[Entry],
) -> io::Result<()> {
    pack.folder(relative(target), access)?;
    for entry in entries {
        pack.add(target, entry)?;
    }
    if let Content::Copied(place) = content {
        pack.folder(relative(place), 0o755)?;
        for entry in entries {
            pack.add_again(target, place, entry)?;
        }
    }
    Ok(())
}

/// Adds a mount's file or folder, and the folders above it that nothing else may have made.
fn add_mount<W: Write>(pack: &mut Pack<W>, mount: &Mount) -> io::Result<()> {
    let source = mount.source.canonicalize()?;
    let top = walk::look(source.clone(), PathBuf::new())?;
    pack.add(&mount.target, &top)?;
    if top.metadata.is_dir() {
        for entry in walk::entries(&source)? {
            pack.add(&mount.target, &entry)?;
        }
    }
    Ok(())
}

fn relative(path: &Path) -> &Path {
    path.strip_prefix("/").unwrap_or(path)
}
