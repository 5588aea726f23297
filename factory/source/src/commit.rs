//! Repositories of one commit, whose id depends on nothing but the files.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use git2::{Buf, FileMode, Oid, Repository, RepositoryInitOptions, Signature, Time};

use crate::error::{Error, Result, io};
use crate::tree::DATE;

/// What every commit made here says; it must tell nothing about where the files come from.
const AUTHOR: &str = "nobody";
const EMAIL: &str = "nobody@localhost";
const MESSAGE: &str = "Initial commit\n";

/// The id, 40 hexadecimal digits, of the one commit that holds a folder's files. Writes nothing.
pub fn commit_id(tree: &Path) -> Result<String> {
    let odb = git2::Odb::new().map_err(|error| failed(tree, &error))?;
    odb.add_new_mempack_backend(1000)
        .map_err(|error| failed(tree, &error))?;
    let repository = Repository::from_odb(odb).map_err(|error| failed(tree, &error))?;
    let top = store_folder(&repository, tree)?;
    Ok(store_commit(&repository, tree, top)?.to_string())
}

/// Makes a folder a git repository of one orphan commit, on the branch `main`, and returns the commit's id.
///
/// The bytes of the files go in as they are (no line-ending, ident or LFS filters; an attribute file of the
/// repository's own keeps git from applying them later). There is one pack, the index, and nothing else: no
/// reflog, no remote, no hooks, no other object. A `.git` that was there before is replaced.
pub fn write_repository(tree: &Path) -> Result<String> {
    let git = tree.join(".git");
    match fs::symlink_metadata(&git) {
        Ok(about) if about.is_dir() => fs::remove_dir_all(&git).map_err(io("remove", &git))?,
        Ok(_) => fs::remove_file(&git).map_err(io("remove", &git))?,
        Err(_) => {}
    }
    let fail = |error: git2::Error| failed(tree, &error);
    let mut options = RepositoryInitOptions::new();
    options
        .external_template(false)
        .initial_head("main")
        .no_reinit(true);
    crate::git::accept_any_owner();
    let repository = Repository::init_opts(tree, &options).map_err(fail)?;
    let odb = repository.odb().map_err(fail)?;
    let memory = odb.add_new_mempack_backend(1000).map_err(fail)?;
    let top = store_folder(&repository, tree)?;
    let commit = store_commit(&repository, tree, top)?;
    let mut pack = Buf::new();
    memory.dump(&repository, &mut pack).map_err(fail)?;
    memory.reset().map_err(fail)?;
    write_pack(&odb, &pack).map_err(io("write the pack of", &git))?;
    odb.refresh().map_err(fail)?;
    let info = git.join("info");
    fs::create_dir_all(&info).map_err(io("create", &info))?;
    let attributes = info.join("attributes");
    fs::write(
        &attributes,
        "* -text -eol -ident -filter -working-tree-encoding\n",
    )
    .map_err(io("write", &attributes))?;
    repository
        .reference("refs/heads/main", commit, true, "")
        .map_err(fail)?;
    let mut index = repository.index().map_err(fail)?;
    let top = repository.find_tree(top).map_err(fail)?;
    index.read_tree(&top).map_err(fail)?;
    index.write().map_err(fail)?;
    for leftover in ["logs", "description", "hooks"] {
        let place = git.join(leftover);
        if place.is_dir() {
            fs::remove_dir_all(&place).map_err(io("remove", &place))?;
        } else if place.exists() {
            fs::remove_file(&place).map_err(io("remove", &place))?;
        }
    }
    Ok(commit.to_string())
}

fn write_pack(odb: &git2::Odb<'_>, pack: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut writer = odb.packwriter().map_err(std::io::Error::other)?;
    for piece in pack.chunks(1 << 20) {
        writer.write_all(piece)?;
    }
    writer.commit().map_err(std::io::Error::other)?;
    Ok(())
}

fn store_commit(repository: &Repository, place: &Path, top: Oid) -> Result<Oid> {
    let fail = |error: git2::Error| failed(place, &error);
    let who = Signature::new(AUTHOR, EMAIL, &Time::new(DATE, 0)).map_err(fail)?;
    let top = repository.find_tree(top).map_err(fail)?;
    repository
        .commit(None, &who, &who, MESSAGE, &top, &[])
        .map_err(fail)
}

/// Stores a folder as a git tree. Recursion is bounded: trees come from a writer that bounds their depth,
/// and the kernel bounds a path's length for the others.
fn store_folder(repository: &Repository, folder: &Path) -> Result<Oid> {
    let fail = |error: git2::Error| failed(folder, &error);
    let mut tree = repository.treebuilder(None).map_err(fail)?;
    for item in fs::read_dir(folder).map_err(io("list", folder))? {
        let item = item.map_err(io("list", folder))?;
        let (place, name) = (item.path(), item.file_name());
        if name == ".git" {
            continue;
        }
        let about = item.metadata().map_err(io("look at", &place))?;
        let (oid, mode) = if about.is_dir() {
            let oid = store_folder(repository, &place)?;
            if repository.find_tree(oid).map_err(fail)?.is_empty() {
                continue; // git knows no empty folders
            }
            (oid, FileMode::Tree)
        } else if about.is_symlink() {
            let target = fs::read_link(&place).map_err(io("read the link", &place))?;
            let oid = repository
                .blob(target.as_os_str().as_bytes())
                .map_err(fail)?;
            (oid, FileMode::Link)
        } else if about.is_file() {
            let bytes = fs::read(&place).map_err(io("read", &place))?;
            let executable = about.permissions().mode() & 0o100 != 0;
            let mode = if executable {
                FileMode::BlobExecutable
            } else {
                FileMode::Blob
            };
            (repository.blob(&bytes).map_err(fail)?, mode)
        } else {
            continue; // sockets, pipes and devices are no content
        };
        tree.insert(name.as_bytes(), oid, mode.into())
            .map_err(fail)?;
    }
    tree.write().map_err(fail)
}

fn failed(place: &Path, error: &git2::Error) -> Error {
    Error::Git {
        url: place.display().to_string(),
        reason: error.message().to_owned(),
    }
}
