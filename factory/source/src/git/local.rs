//! A repository of this machine, read where it lies.

use git2::{ErrorCode, Repository, StatusOptions};
use url::Url;

use super::{Found, failed, near, version};
use crate::error::{Error, Result};
use crate::redact;

pub(super) fn find(url: &Url, revision: Option<&str>) -> Result<Found> {
    let shown = redact::url(url);
    let path = url.to_file_path().map_err(|()| Error::NotFound {
        what: format!("the repository {shown}"),
        hint: "the file URL names no place of this machine".to_owned(),
    })?;
    let repository = Repository::open(&path).map_err(|error| match error.code() {
        ErrorCode::NotFound => Error::NotFound {
            what: format!("a git repository at {}", path.display()),
            hint: "check the path".to_owned(),
        },
        _ => failed(url, &error),
    })?;
    let commit = {
        if repository.is_empty().map_err(|error| failed(url, &error))? && revision.is_none() {
            return Err(Error::EmptyRepository { url: shown });
        }
        let object = match revision {
            None => repository
                .head()
                .and_then(|head| head.peel(git2::ObjectType::Commit)),
            Some(name) => ["refs/tags/", "refs/heads/", "refs/remotes/origin/", ""]
                .iter()
                .find_map(|prefix| repository.revparse_single(&format!("{prefix}{name}")).ok())
                .ok_or_else(|| git2::Error::from_str("no such revision"))
                .and_then(|object| object.peel(git2::ObjectType::Commit)),
        };
        match (object, revision) {
            (Ok(object), _) => object.id(),
            (Err(_), Some(name)) => {
                return Err(Error::Revision {
                    url: shown,
                    revision: name.to_owned(),
                    near: near(name, &names(&repository)),
                });
            }
            (Err(error), None) if error.code() == ErrorCode::UnbornBranch => {
                return Err(Error::EmptyRepository { url: shown });
            }
            (Err(error), None) => return Err(failed(url, &error)),
        }
    };
    let mut notices = Vec::new();
    if revision.is_none() && has_changes(&repository) {
        notices.push("changes that are not committed are not part of it".to_owned());
    }
    let version = version::described(&repository, commit);
    Ok(Found {
        repository,
        commit,
        version,
        notices,
        _lock: None,
    })
}

fn has_changes(repository: &Repository) -> bool {
    let mut options = StatusOptions::new();
    options
        .include_untracked(false)
        .include_ignored(false)
        .exclude_submodules(true);
    !repository.is_bare()
        && repository
            .statuses(Some(&mut options))
            .is_ok_and(|changes| !changes.is_empty())
}

fn names(repository: &Repository) -> Vec<String> {
    let Ok(references) = repository.references() else {
        return Vec::new();
    };
    references
        .filter_map(|reference| reference.ok()?.shorthand().ok().map(str::to_owned))
        .collect()
}
