//! From a git repository to the files of one commit.
//!
//! Files are written from git's objects, not by a checkout: no filter, hook or attribute of the repository
//! has a say, and bytes come out as they were committed.

mod access;
mod files;
mod local;
mod remote;
mod submodules;
mod version;

use std::path::Path;

use git2::{Oid, Repository};
use url::Url;

pub(crate) use access::accept_any_owner;

use crate::error::{Error, Result};
use crate::tree::{TreeWriter, Written};
use crate::{Limits, Settings, redact};

/// A commit's files, written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The commit, in full.
    pub commit: String,
    /// What was written.
    pub written: Written,
    /// A PEP 440 version from its tags.
    pub version: Option<String>,
    /// The day of the commit, `YYYY-MM-DD`.
    pub released: Option<String>,
    /// What is worth knowing.
    pub notices: Vec<String>,
}

/// What the steps below share.
struct Context<'c> {
    cache: &'c Path,
    settings: &'c Settings,
    limits: &'c Limits,
}

/// A repository at hand, with the commit that was asked for.
struct Found {
    repository: Repository,
    commit: Oid,
    version: Option<String>,
    notices: Vec<String>,
    /// Keeps other processes from changing a cached repository while it is read.
    _lock: Option<std::fs::File>,
}

/// Writes the files of a revision (or of the default branch) into `root`, an empty folder. Blocks.
pub fn checkout(
    url: &Url,
    revision: Option<&str>,
    root: &Path,
    cache: &Path,
    settings: &Settings,
    limits: &Limits,
) -> Result<Checkout> {
    access::set_up(settings, limits);
    let context = Context {
        cache,
        settings,
        limits,
    };
    let found = find(&context, url, revision)?;
    let mut notices = found.notices.clone();
    let mut tree = TreeWriter::new(redact::url(url), root, limits);
    let extra = files::write(&context, &found, url, &mut tree)?;
    let written = tree.finish(false)?;
    notices.extend(extra);
    Ok(Checkout {
        commit: found.commit.to_string(),
        written,
        version: found.version,
        released: day_of(&found.repository, found.commit),
        notices,
    })
}

/// The day of a commit, by its committer's clock in UTC.
fn day_of(repository: &git2::Repository, commit: git2::Oid) -> Option<String> {
    let time = repository.find_commit(commit).ok()?.time();
    let at = chrono::DateTime::from_timestamp(time.seconds(), 0)?;
    Some(at.format("%Y-%m-%d").to_string())
}

fn find(context: &Context<'_>, url: &Url, revision: Option<&str>) -> Result<Found> {
    if url.scheme() == "file" {
        local::find(url, revision)
    } else {
        remote::find(context, url, revision)
    }
}

/// An error of libgit2 in this crate's words.
fn failed(url: &Url, error: &git2::Error) -> Error {
    access::explain(&redact::url(url), error)
}

/// Names that look like one that is missing: those that hold it or are held by it, then those that share
/// its start; at most five.
fn near(wanted: &str, names: &[String]) -> Vec<String> {
    let lower = wanted.to_lowercase();
    let shared = |name: &str| {
        name.chars()
            .zip(lower.chars())
            .take_while(|(a, b)| a == b)
            .count()
    };
    let mut ranked: Vec<(usize, &String)> = names
        .iter()
        .map(|name| {
            let own = name.to_lowercase();
            let holds = usize::from(own.contains(&lower) || lower.contains(&own));
            (holds * 1000 + shared(&own), name)
        })
        .filter(|(rank, _)| *rank > 0)
        .collect();
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    ranked
        .into_iter()
        .take(5)
        .map(|(_, name)| name.clone())
        .collect()
}
