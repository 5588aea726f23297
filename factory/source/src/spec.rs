//! What a user writes to name a source.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use url::Url;

use crate::error::{Error, Result};
use crate::redact;

/// Where a repository comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A git repository; the URL may be `https`, `http`, `ssh` or `file`, and may carry credentials,
    /// which are used and never shown.
    Git {
        /// Where it is.
        url: Url,
        /// A branch, tag or commit; its default branch otherwise.
        revision: Option<String>,
    },
    /// A package of an index.
    Pypi {
        /// The normalised name.
        name: String,
        /// The version; the newest stable one otherwise, which the fetched repository's spec then names.
        version: Option<String>,
    },
    /// A folder that is no git repository.
    Folder(PathBuf),
}

impl FromStr for Source {
    type Err = Error;

    /// Reads `pypi:NAME==VERSION`, `pypi:NAME`, a URL, `git@host:path`, or the path of a folder; a git source
    /// takes a revision after a last `@` (`https://host/owner/name.git@v1.2`) or, unambiguously, after `#`.
    /// Paths are looked at: one that holds `.git` is a git repository. `owner/name` alone is taken for a
    /// folder, since which host it would be on cannot be known.
    fn from_str(given: &str) -> Result<Self> {
        let text = given.trim();
        if text.is_empty() {
            return Err(unreadable(given, "it is empty"));
        }
        if text.chars().any(char::is_control) {
            return Err(unreadable(given, "it holds control characters"));
        }
        if let Some(package) = text.strip_prefix("pypi:") {
            return package_source(given, package);
        }
        let plain = text.strip_prefix("git+").unwrap_or(text);
        if plain.contains("://") {
            return url_source(given, plain);
        }
        if let Some(url) = scp_like(plain) {
            return url_source(given, &url);
        }
        path_source(given, plain)
    }
}

impl fmt::Display for Source {
    /// The canonical form, without credentials.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Git { url, revision } => {
                out.write_str(&redact::url(url))?;
                revision
                    .as_ref()
                    .map_or(Ok(()), |revision| write!(out, "#{revision}"))
            }
            Self::Pypi { name, version } => {
                write!(out, "pypi:{name}")?;
                version
                    .as_ref()
                    .map_or(Ok(()), |version| write!(out, "=={version}"))
            }
            Self::Folder(path) => write!(out, "{}", path.display()),
        }
    }
}

impl Source {
    /// The owner and name that instances will carry.
    pub fn owner_and_name(&self) -> (String, String) {
        match self {
            Self::Pypi { name, .. } => ("pypi".to_owned(), name.clone()),
            Self::Folder(path) => ("local".to_owned(), path_name(path)),
            Self::Git { url, .. } if url.scheme() == "file" => {
                let path = url.to_file_path().unwrap_or_default();
                ("local".to_owned(), path_name(&path))
            }
            Self::Git { url, .. } => {
                let mut parts = url.path().split('/').filter(|part| !part.is_empty()).rev();
                let name = parts
                    .next()
                    .map(|name| plain_name(name.trim_end_matches(".git")));
                let owner = parts.next().map_or_else(
                    || plain_name(url.host_str().unwrap_or("git")),
                    |owner| plain_name(owner.trim_start_matches('~')),
                );
                (owner, name.unwrap_or_else(|| "repository".to_owned()))
            }
        }
    }
}

/// A package name as the index compares it (PEP 503): lower case, runs of `-_.` are one `-`.
pub fn normalise_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '-' | '_' | '.') {
            if !out.ends_with('-') {
                out.push('-');
            }
        } else {
            out.push(c.to_ascii_lowercase());
        }
    }
    out
}

fn package_source(given: &str, package: &str) -> Result<Source> {
    let (name, version) = match package.split_once("==") {
        Some((name, version)) => (name.trim(), Some(version.trim())),
        None => (package.trim(), None),
    };
    let word = |c: char| c.is_ascii_alphanumeric();
    let well_formed = name.starts_with(word)
        && name.ends_with(word)
        && name
            .chars()
            .all(|c| word(c) || matches!(c, '-' | '_' | '.'));
    if !well_formed {
        return Err(unreadable(
            given,
            "a package name has letters, digits and - _ . only, and one version after ==, as in pypi:isodate==0.7.2",
        ));
    }
    let version = match version {
        None => None,
        Some(version) => match version.parse::<pep440_rs::Version>() {
            Ok(version) => Some(version.to_string()),
            Err(_) => {
                return Err(unreadable(
                    given,
                    &format!("'{version}' is no PEP 440 version, such as 1.2.3"),
                ));
            }
        },
    };
    Ok(Source::Pypi {
        name: normalise_name(name),
        version,
    })
}

fn url_source(given: &str, text: &str) -> Result<Source> {
    let mut url =
        Url::parse(text).map_err(|error| unreadable(given, &format!("it is no URL: {error}")))?;
    if !matches!(url.scheme(), "https" | "http" | "ssh" | "file") {
        return Err(unreadable(
            given,
            &format!("{}:// is no way to a git repository here", url.scheme()),
        ));
    }
    let mut revision = url
        .fragment()
        .filter(|text| !text.is_empty())
        .map(str::to_owned);
    url.set_fragment(None);
    // A '@' in the path, after the authority, starts a revision, as pip writes it.
    if revision.is_none()
        && url.scheme() != "file"
        && let Some((path, after)) = url.path().to_owned().rsplit_once('@')
        && !after.is_empty()
        && path.len() > 1
    {
        revision = Some(after.to_owned());
        url.set_path(path);
    }
    if url.path().trim_matches('/').is_empty() {
        return Err(unreadable(given, "the URL names a host but no repository"));
    }
    Ok(Source::Git { url, revision })
}

/// `user@host:path`, as `ssh://user@host/path`. A `/` before the `:` makes it a path of this machine.
fn scp_like(text: &str) -> Option<String> {
    let (authority, path) = text.split_once(':')?;
    let (user, host) = authority.split_once('@')?;
    if authority.contains('/') || user.is_empty() || host.is_empty() || path.is_empty() {
        return None;
    }
    Some(format!(
        "ssh://{user}@{host}/{}",
        path.trim_start_matches('/')
    ))
}

fn path_source(given: &str, text: &str) -> Result<Source> {
    let path = Path::new(text);
    let about = std::fs::metadata(path).map_err(|_| Error::NotFound {
        what: format!("the folder '{given}'"),
        hint: if owner_and_name_like(text) {
            "a repository of a host is written with it, as in https://github.com/OWNER/NAME"
                .to_owned()
        } else {
            "check the path; a package is written pypi:NAME==VERSION".to_owned()
        },
    })?;
    if !about.is_dir() {
        return Err(unreadable(given, "it is a file, not a folder"));
    }
    let path = path
        .canonicalize()
        .map_err(crate::error::io("resolve", path))?;
    let bare =
        path.join("HEAD").is_file() && path.join("objects").is_dir() && path.join("refs").is_dir();
    if !path.join(".git").exists() && !bare {
        return Ok(Source::Folder(path));
    }
    let url =
        Url::from_file_path(&path).map_err(|()| unreadable(given, "its path cannot be a URL"))?;
    Ok(Source::Git {
        url,
        revision: None,
    })
}

fn owner_and_name_like(text: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    text.split_once('/')
        .is_some_and(|(owner, name)| word(owner) && word(name))
}

fn path_name(path: &Path) -> String {
    let name = path
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    plain_name(name.trim_end_matches(".git"))
}

/// A name that is safe in instance ids and file names.
fn plain_name(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') {
                c
            } else {
                '-'
            }
        })
        .collect();
    let plain = plain.trim_start_matches('.');
    if plain.is_empty() {
        "repository".to_owned()
    } else {
        plain.to_owned()
    }
}

fn unreadable(given: &str, why: &str) -> Error {
    Error::Spec {
        given: redact::text(given),
        why: why.to_owned(),
    }
}
