//! A client of package indexes: the simple API in JSON (PEP 691) and HTML (PEP 503), and find-links.

mod filename;
mod http;
mod links;
mod page;

use std::path::Path;

use pep440_rs::Version;
use url::Url;

pub(crate) use filename::sdist_rank;
pub use filename::{FileKind, Named};

use crate::error::{Error, Result};
use crate::spec::normalise_name;
use crate::{Limits, Settings};
use http::Http;

/// A file that an index offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name, which says what it is.
    pub filename: String,
    /// Where it is; `http`, `https` or `file`, without credentials.
    pub url: Url,
    /// The sha256 that the index announces, in lower case hexadecimal.
    pub sha256: Option<String>,
    /// Why its authors withdrew it, if they did; the reason may be empty.
    pub yanked: Option<String>,
    /// The interpreters it says it needs.
    pub requires_python: Option<String>,
    /// The day it was uploaded, `YYYY-MM-DD`, where the index tells.
    pub uploaded: Option<String>,
}

impl File {
    /// Whether it is an sdist or a wheel, and of which version; `None` for anything else.
    pub fn named(&self, package: &str) -> Option<Named> {
        filename::parse(&self.filename, package)
    }
}

/// Asks the indexes of the settings.
#[derive(Debug, Clone)]
pub struct Client {
    settings: Settings,
    http: Http,
}

impl Client {
    /// A client under these settings. Fails on a certificate or proxy setting that cannot be used.
    pub fn new(settings: &Settings, limits: &Limits) -> Result<Self> {
        Ok(Self {
            settings: settings.clone(),
            http: Http::new(settings, limits)?,
        })
    }

    /// All files of a package, from the first index that knows it, and from the find-links; sorted by
    /// version and name.
    pub async fn files(&self, package: &str) -> Result<Vec<File>> {
        let name = normalise_name(package);
        let mut files = links::files(&self.http, &self.settings.find_links, &name).await?;
        for index in &self.settings.indexes {
            let url = index
                .url
                .join(&format!("{name}/"))
                .map_err(|error| Error::Setting {
                    place: "the index".to_owned(),
                    reason: error.to_string(),
                })?;
            match page::files(&self.http, &url).await {
                Ok(found) => {
                    files.extend(found);
                    break;
                }
                Err(Error::NotFound { .. }) => {}
                // Without the network, what find-links hold must do.
                Err(Error::Offline { .. }) if !files.is_empty() => {}
                Err(other) => return Err(other),
            }
        }
        if files.is_empty() {
            let asked: Vec<String> = self
                .settings
                .indexes
                .iter()
                .map(|index| index.url.to_string())
                .collect();
            return Err(Error::NotFound {
                what: format!("the package {name}"),
                hint: if asked.is_empty() {
                    "indexes are switched off (PIP_NO_INDEX or UV_NO_INDEX) and find-links do not hold it".to_owned()
                } else {
                    format!(
                        "{} knows no such name; check its spelling",
                        asked.join(" and ")
                    )
                },
            });
        }
        let version = |file: &File| file.named(&name).map(|named| named.version);
        files.sort_by(|a, b| {
            version(a)
                .cmp(&version(b))
                .then_with(|| a.filename.cmp(&b.filename))
        });
        files.dedup_by(|a, b| {
            a.filename == b.filename && (a.sha256 == b.sha256 || a.sha256.is_none())
        });
        Ok(files)
    }

    /// Downloads a file to `destination`, checking its sha256, and returns that. Nothing is left at
    /// `destination` if anything goes wrong.
    pub async fn download(&self, file: &File, destination: &Path) -> Result<String> {
        self.http
            .download(&file.url, file.sha256.as_deref(), destination)
            .await
    }
}

/// The newest version that is neither a pre-release nor yanked and has a file that `wanted` takes; failing
/// that the newest pre-release.
pub fn newest(files: &[File], package: &str, wanted: impl Fn(&Named) -> bool) -> Option<Version> {
    let mut versions: Vec<Version> = files
        .iter()
        .filter(|file| file.yanked.is_none())
        .filter_map(|file| file.named(package))
        .filter(|named| wanted(named))
        .map(|named| named.version)
        .collect();
    versions.sort();
    let stable = versions
        .iter()
        .rev()
        .find(|version| !version.any_prerelease());
    stable.or(versions.last()).cloned()
}
