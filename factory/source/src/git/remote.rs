//! A repository of another machine: ask what it has, fetch one commit, shallow where the server lets us.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use git2::{Direction, Oid, Remote, Repository};
use sha2::{Digest, Sha256};
use url::Url;

use super::{Context, Found, access, failed, near, version};
use crate::error::{Error, Result, io};
use crate::redact;

/// What a server advertises: names and what they point at.
type Advertised = Vec<(String, Oid)>;

pub(super) fn find(context: &Context<'_>, url: &Url, revision: Option<&str>) -> Result<Found> {
    let shown = redact::url(url);
    let folder = context.cache.join("git");
    fs::create_dir_all(&folder).map_err(io("create", &folder))?;
    let key = hex::encode(&Sha256::digest(shown.as_bytes())[..16]);
    let lock_path = folder.join(format!("{key}.lock"));
    let lock = File::create(&lock_path).map_err(io("create", &lock_path))?;
    lock.lock().map_err(io("lock", &lock_path))?;

    let full_id = revision.and_then(full_id);
    if let Some(commit) = full_id {
        // A commit never changes: one that is here needs no network.
        for kind in ["shallow", "full"] {
            if let Some(repository) = with_commit(&folder, &key, kind, commit) {
                return Ok(found(repository, commit, None, lock));
            }
        }
    }
    if context.settings.offline {
        return Err(Error::Offline { what: shown });
    }
    let advertised = advertised(context, url)?;
    if advertised.is_empty() {
        return Err(Error::EmptyRepository { url: shown });
    }
    let (commit, repository) = match (pick(&advertised, revision), revision) {
        (Some((reference, commit)), _) => {
            let repository = shallow(context, url, &folder, &key, &reference, commit)?;
            (commit, repository)
        }
        (None, None) => return Err(Error::EmptyRepository { url: shown }),
        (None, Some(name)) => by_id(context, url, &folder, &key, name, full_id, &advertised)?,
    };
    let version = version::advertised(&advertised, commit);
    Ok(found(repository, commit, version, lock))
}

fn found(repository: Repository, commit: Oid, version: Option<String>, lock: File) -> Found {
    Found {
        repository,
        commit,
        version,
        notices: Vec::new(),
        _lock: Some(lock),
    }
}

fn full_id(revision: &str) -> Option<Oid> {
    (revision.len() == 40)
        .then(|| Oid::from_str(revision).ok())
        .flatten()
}

fn advertised(context: &Context<'_>, url: &Url) -> Result<Advertised> {
    let fail = |error: git2::Error| failed(url, &error);
    let mut remote = Remote::create_detached(url.as_str()).map_err(fail)?;
    let callbacks = access::callbacks(url, context.settings, context.limits);
    let connection = remote
        .connect_auth(
            Direction::Fetch,
            Some(callbacks),
            Some(access::proxy(context.settings)),
        )
        .map_err(fail)?;
    let heads = connection.list().map_err(fail)?;
    Ok(heads
        .iter()
        .map(|head| (head.name().to_owned(), head.oid()))
        .collect())
}

/// The reference to fetch, and the commit it leads to: tags before branches, as git does.
fn pick(advertised: &Advertised, revision: Option<&str>) -> Option<(String, Oid)> {
    let find = |name: &str| {
        advertised
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, oid)| *oid)
    };
    let Some(name) = revision else {
        return find("HEAD").map(|oid| ("HEAD".to_owned(), oid));
    };
    [
        format!("refs/tags/{name}"),
        format!("refs/heads/{name}"),
        name.to_owned(),
    ]
    .into_iter()
    .find_map(|reference| {
        let oid = find(&reference)?;
        // An annotated tag is an object of its own; its commit is advertised beside it.
        Some((
            reference.clone(),
            find(&format!("{reference}^{{}}")).unwrap_or(oid),
        ))
    })
}

/// Fetches one reference without its history.
fn shallow(
    context: &Context<'_>,
    url: &Url,
    folder: &Path,
    key: &str,
    reference: &str,
    commit: Oid,
) -> Result<Repository> {
    if let Some(repository) = with_commit(folder, key, "shallow", commit) {
        return Ok(repository);
    }
    let refspec = format!("+{reference}:refs/fetched/{commit}");
    let repository = bare(url, folder, key, "shallow")?;
    match fetch(context, url, &repository, &[refspec], 1) {
        Ok(()) if repository.find_commit(commit).is_ok() => Ok(repository),
        // Some servers know no shallow fetches, and a branch may move between asking and fetching.
        Ok(()) | Err(Error::Git { .. } | Error::Network { .. }) => full(context, url, folder, key),
        Err(error) => Err(error),
    }
}

/// Fetches a commit by its id, in full or shortened.
fn by_id(
    context: &Context<'_>,
    url: &Url,
    folder: &Path,
    key: &str,
    name: &str,
    full_id: Option<Oid>,
    advertised: &Advertised,
) -> Result<(Oid, Repository)> {
    let unknown = || {
        let names: Vec<String> = advertised
            .iter()
            .filter_map(|(name, _)| {
                name.strip_prefix("refs/tags/")
                    .or_else(|| name.strip_prefix("refs/heads/"))
            })
            .filter(|name| !name.ends_with("^{}"))
            .map(str::to_owned)
            .collect();
        Error::Revision {
            url: redact::url(url),
            revision: name.to_owned(),
            near: near(name, &names),
        }
    };
    let looks_like_id =
        (7..=40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !looks_like_id {
        return Err(unknown());
    }
    if let Some(commit) = full_id {
        let repository = bare(url, folder, key, "shallow")?;
        let refspec = format!("+{commit}:refs/fetched/{commit}");
        if fetch(context, url, &repository, &[refspec], 1).is_ok()
            && repository.find_commit(commit).is_ok()
        {
            return Ok((commit, repository));
        }
    }
    let repository = full(context, url, folder, key)?;
    let commit = repository
        .revparse_single(name)
        .and_then(|object| object.peel_to_commit())
        .map(|commit| commit.id())
        .map_err(|_| unknown())?;
    Ok((commit, repository))
}

/// Fetches every branch and tag with all history.
fn full(context: &Context<'_>, url: &Url, folder: &Path, key: &str) -> Result<Repository> {
    let repository = bare(url, folder, key, "full")?;
    let refspecs = [
        "+refs/heads/*:refs/heads/*".to_owned(),
        "+refs/tags/*:refs/tags/*".to_owned(),
    ];
    fetch(context, url, &repository, &refspecs, 0)?;
    Ok(repository)
}

fn fetch(
    context: &Context<'_>,
    url: &Url,
    repository: &Repository,
    refspecs: &[String],
    depth: i32,
) -> Result<()> {
    let fail = |error: git2::Error| failed(url, &error);
    // Anonymous: nothing of the URL, and so no password, is written into the cache.
    let mut remote = repository.remote_anonymous(url.as_str()).map_err(fail)?;
    let mut options = access::fetch_options(url, context.settings, context.limits, depth);
    remote
        .fetch(refspecs, Some(&mut options), None)
        .map_err(fail)
}

fn place(folder: &Path, key: &str, kind: &str) -> PathBuf {
    folder.join(format!("{key}.{kind}.git"))
}

fn with_commit(folder: &Path, key: &str, kind: &str, commit: Oid) -> Option<Repository> {
    let repository = Repository::open_bare(place(folder, key, kind)).ok()?;
    let whole = repository
        .find_commit(commit)
        .and_then(|commit| commit.tree())
        .is_ok();
    whole.then_some(repository)
}

/// The cached repository, made anew if it is missing or broken.
fn bare(url: &Url, folder: &Path, key: &str, kind: &str) -> Result<Repository> {
    let place = place(folder, key, kind);
    if let Ok(repository) = Repository::open_bare(&place) {
        return Ok(repository);
    }
    if place.exists() {
        fs::remove_dir_all(&place).map_err(io("remove", &place))?;
    }
    let mut options = git2::RepositoryInitOptions::new();
    options.bare(true).external_template(false);
    Repository::init_opts(&place, &options).map_err(|error| failed(url, &error))
}
