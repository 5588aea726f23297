//! From a package and a version to the files of its sdist.

use std::path::{Path, PathBuf};

use pep440_rs::Version;

use crate::Limits;
use crate::error::{Error, Result};
use crate::index::{Client, File, FileKind, newest, sdist_rank};

/// The sdist of a package, lying in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sdist {
    /// Where it lies.
    pub archive: PathBuf,
    /// Its version.
    pub version: String,
    /// Its sha256.
    pub sha256: String,
    /// The day it was published, where the index tells.
    pub released: Option<String>,
}

/// Finds and downloads the sdist of a version (or of the newest stable one) into the cache, which is laid
/// out by sha256.
pub async fn sdist(
    client: &Client,
    name: &str,
    version: Option<&str>,
    cache: &Path,
) -> Result<Sdist> {
    let files = client.files(name).await?;
    let version = match version {
        Some(text) => wanted(name, text)?,
        None => newest(&files, name, |named| named.kind == FileKind::Sdist).ok_or_else(|| {
            Error::NoSdist {
                name: name.to_owned(),
                version: "of any version".to_owned(),
                have: "wheels or yanked files".to_owned(),
            }
        })?,
    };
    let file = choose(&files, name, &version)?;
    // As the file spells it: 1.0 and 1.0.0 are one version, and must give one spec.
    let version = file.named(name).map_or(version, |named| named.version);
    let folder = cache.join("sdists");
    if let Some(sha256) = &file.sha256 {
        let archive = folder.join(sha256).join(&file.filename);
        if is_whole(&archive, sha256).await {
            return Ok(Sdist {
                archive,
                version: version.to_string(),
                sha256: sha256.clone(),
                released: file.uploaded.clone(),
            });
        }
    }
    let incoming = folder.join("incoming");
    let partial = incoming.join(format!("{}-{}", std::process::id(), file.filename));
    let sha256 = client.download(file, &partial).await?;
    let archive = folder.join(&sha256).join(&file.filename);
    let place = folder.join(&sha256);
    tokio::fs::create_dir_all(&place)
        .await
        .map_err(crate::error::io("create", &place))?;
    tokio::fs::rename(&partial, &archive)
        .await
        .map_err(crate::error::io("move", &partial))?;
    Ok(Sdist {
        archive,
        version: version.to_string(),
        sha256,
        released: file.uploaded.clone(),
    })
}

/// Unpacks an sdist.
pub fn unpack(sdist: &Sdist, root: &Path, limits: &Limits) -> Result<crate::tree::Written> {
    crate::archive::unpack(&sdist.archive, root, limits)
}

fn wanted(name: &str, text: &str) -> Result<Version> {
    text.parse().map_err(|_| Error::Spec {
        given: format!("pypi:{name}=={text}"),
        why: format!("'{text}' is no PEP 440 version, such as 1.2.3"),
    })
}

/// The sdist of a version, or why there is none.
fn choose<'f>(files: &'f [File], name: &str, version: &Version) -> Result<&'f File> {
    let of_version: Vec<(&File, FileKind)> = files
        .iter()
        .filter_map(|file| file.named(name).map(|named| (file, named)))
        .filter(|(_, named)| named.version == *version)
        .map(|(file, named)| (file, named.kind))
        .collect();
    if of_version.is_empty() {
        return Err(Error::NoVersion {
            name: name.to_owned(),
            version: version.to_string(),
            near: near(files, name, version),
        });
    }
    let mut sdists: Vec<&File> = of_version
        .iter()
        .filter(|(_, kind)| *kind == FileKind::Sdist)
        .map(|(file, _)| *file)
        .collect();
    sdists.sort_by_key(|file| (sdist_rank(&file.filename), file.filename.clone()));
    if let Some(file) = sdists.iter().find(|file| file.yanked.is_none()) {
        return Ok(file);
    }
    match sdists.first() {
        Some(file) => Err(Error::Yanked {
            name: name.to_owned(),
            version: version.to_string(),
            reason: file.yanked.clone().filter(|reason| !reason.is_empty()),
        }),
        None => Err(Error::NoSdist {
            name: name.to_owned(),
            version: version.to_string(),
            have: match of_version.len() {
                1 => "a wheel".to_owned(),
                count => format!("{count} wheels"),
            },
        }),
    }
}

/// The versions around one that is missing, and the newest.
fn near(files: &[File], name: &str, version: &Version) -> Vec<String> {
    let mut versions: Vec<Version> = files
        .iter()
        .filter(|file| file.yanked.is_none())
        .filter_map(|file| file.named(name))
        .map(|named| named.version)
        .collect();
    versions.sort();
    versions.dedup();
    let at = versions.partition_point(|other| other < version);
    let mut near: Vec<String> = versions[at.saturating_sub(2)..(at + 2).min(versions.len())]
        .iter()
        .map(ToString::to_string)
        .collect();
    if let Some(newest) = versions.last().map(ToString::to_string)
        && !near.contains(&newest)
    {
        near.push(newest);
    }
    near
}

/// Whether the cache holds these bytes; a file damaged since is not trusted.
async fn is_whole(archive: &Path, sha256: &str) -> bool {
    let place = archive.to_owned();
    let found = tokio::task::spawn_blocking(move || crate::tree::sha256_of(&place)).await;
    matches!(found, Ok(Ok(found)) if hex::encode(found) == sha256)
}
