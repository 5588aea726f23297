//! From a source to a repository in a folder.

use std::fs;
use std::path::{Path, PathBuf};

use url::Url;

use crate::error::{Error, Result, io};
use crate::metadata::{PackageInfo, project_table};
use crate::{
    Limits, Repository, Settings, Source, commit, folder, git, index, licence, pypi, redact,
};

/// Fetches sources, keeping downloads in a cache that may be deleted at any time.
#[derive(Debug, Clone)]
pub struct Fetcher {
    cache: PathBuf,
    settings: Settings,
    limits: Limits,
}

/// What every road hands back, before the common questions are asked.
struct Laid {
    written: crate::tree::Written,
    spec: String,
    commit: Option<String>,
    version: Option<String>,
    released: Option<String>,
    notices: Vec<String>,
}

impl Fetcher {
    /// A fetcher with this cache folder, which need not exist yet.
    pub fn new(cache: impl Into<PathBuf>, settings: Settings, limits: Limits) -> Self {
        Self {
            cache: cache.into(),
            settings,
            limits,
        }
    }

    /// Fetches a source into `destination`, which must not exist or be an empty folder. `revision` is a
    /// branch, tag or commit and counts before one in the source. Either the whole tree stands at
    /// `destination` afterwards, or nothing does.
    pub async fn fetch(
        &self,
        source: &Source,
        revision: Option<&str>,
        destination: &Path,
    ) -> Result<Repository> {
        let (staging, root) = stage(destination)?;
        let laid = match source {
            Source::Git { url, revision: own } => {
                self.lay_git(url, revision.or(own.as_deref()), &root)
                    .await?
            }
            Source::Pypi { name, version } => {
                refuse_revision(source, revision, "choose a version with ==")?;
                self.lay_pypi(name, version.as_deref(), &root).await?
            }
            Source::Folder(path) => {
                refuse_revision(source, revision, "a plain folder has none")?;
                self.lay_folder(path, &root).await?
            }
        };
        let (owner, name) = source.owner_and_name();
        let destination = destination.to_owned();
        blocking(move || {
            let commit = match laid.commit {
                Some(commit) => commit,
                None => commit::commit_id(&root)?,
            };
            let licence = licence::detect(&root);
            let mut notices = laid.notices;
            notices.extend(laid.written.left.notices());
            // An empty folder in the way is replaced; rename does that for folders.
            fs::rename(&root, &destination).map_err(io("move the tree to", &destination))?;
            drop(staging);
            Ok(Repository {
                spec: laid.spec,
                owner,
                name,
                commit,
                tree: destination,
                tree_digest: laid.written.digest,
                version: laid.version,
                released: laid.released,
                licence,
                notices,
            })
        })
        .await
    }

    async fn lay_git(&self, url: &Url, revision: Option<&str>, root: &Path) -> Result<Laid> {
        let (url, revision, root, own) = (
            url.clone(),
            revision.map(str::to_owned),
            root.to_owned(),
            self.clone(),
        );
        blocking(move || {
            let found = git::checkout(
                &url,
                revision.as_deref(),
                &root,
                &own.cache,
                &own.settings,
                &own.limits,
            )?;
            Ok(Laid {
                spec: format!("{}#{}", redact::url(&url), found.commit),
                written: found.written,
                version: declared_version(&root).or(found.version),
                commit: Some(found.commit),
                released: found.released,
                notices: found.notices,
            })
        })
        .await
    }

    async fn lay_pypi(&self, name: &str, version: Option<&str>, root: &Path) -> Result<Laid> {
        let client = index::Client::new(&self.settings, &self.limits)?;
        let sdist = pypi::sdist(&client, name, version, &self.cache).await?;
        let (spec, root, limits) = (
            format!("pypi:{name}=={}", sdist.version),
            root.to_owned(),
            self.limits.clone(),
        );
        blocking(move || {
            Ok(Laid {
                written: pypi::unpack(&sdist, &root, &limits)?,
                spec,
                commit: None,
                released: sdist.released.clone(),
                version: declared_version(&root).or(Some(sdist.version)),
                notices: Vec::new(),
            })
        })
        .await
    }

    async fn lay_folder(&self, path: &Path, root: &Path) -> Result<Laid> {
        let (path, root, limits) = (path.to_owned(), root.to_owned(), self.limits.clone());
        blocking(move || {
            Ok(Laid {
                written: folder::copy(&path, &root, &limits)?,
                spec: path.display().to_string(),
                commit: None,
                released: None,
                version: declared_version(&root),
                notices: Vec::new(),
            })
        })
        .await
    }
}

/// The version that a tree states as plain data.
fn declared_version(tree: &Path) -> Option<String> {
    let stated = PackageInfo::of(tree).and_then(|info| info.get("Version").map(str::to_owned));
    stated.or_else(|| Some(project_table(tree)?.get("version")?.as_str()?.to_owned()))
}

/// A folder beside the destination, on the same disk, that vanishes on failure; and the root within it.
fn stage(destination: &Path) -> Result<(tempfile::TempDir, PathBuf)> {
    let in_use = match fs::symlink_metadata(destination) {
        Ok(about) => {
            !about.is_dir()
                || fs::read_dir(destination)
                    .map_err(io("list", destination))?
                    .next()
                    .is_some()
        }
        Err(_) => false,
    };
    if in_use {
        return Err(Error::Destination {
            path: destination.to_owned(),
        });
    }
    let parent = match destination.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(io("create", parent))?;
    let staging = tempfile::Builder::new()
        .prefix(".fetching-")
        .tempdir_in(parent)
        .map_err(io("create a folder in", parent))?;
    let root = staging.path().join("tree");
    fs::create_dir(&root).map_err(io("create", &root))?;
    Ok((staging, root))
}

fn refuse_revision(source: &Source, revision: Option<&str>, hint: &str) -> Result<()> {
    revision.map_or(Ok(()), |revision| {
        Err(Error::Spec {
            given: format!("{source} at revision {revision}"),
            why: format!("only git repositories have revisions; {hint}"),
        })
    })
}

/// Runs what blocks where it may. A panic there is a defect of this crate and stays one.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
