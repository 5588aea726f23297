//! Models that verbs and campaigns are given: by a name of the store, as a folder, or as a file.

use std::path::{Path, PathBuf};

use swemill_model::store::{self, Store};

/// A model that is here, and what it is called.
#[derive(Debug, Clone)]
pub struct Model {
    /// The name that was given, or that of the folder or file.
    pub name: String,
    /// What a loader opens: a folder, or a GGUF.
    pub weights: PathBuf,
    /// Where its other files are looked for: a folder, or the file itself.
    pub place: PathBuf,
}

/// Nothing has that name.
#[derive(Debug, thiserror::Error)]
pub enum NoModel {
    /// Neither the store nor the file system.
    #[error(
        "`{given}` is neither a model of the store nor a folder or file; `swemill model list` shows the store's models, \
         `swemill model pull` fetches more"
    )]
    Unknown {
        /// What was given.
        given: String,
    },
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Looks in the store first, then among folders and files.
pub fn find(given: &str, store: &Store) -> Result<Model, NoModel> {
    match store.get(given) {
        Ok(installed) => {
            return Ok(Model {
                name: given.to_owned(),
                weights: installed.weights(),
                place: installed.folder,
            });
        }
        Err(store::Error::NotInStore { .. } | store::Error::Reference { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let path = Path::new(given);
    if !path.exists() {
        return Err(NoModel::Unknown {
            given: given.to_owned(),
        });
    }
    let stem = path.file_stem().unwrap_or(path.as_os_str());
    Ok(Model {
        name: stem.to_string_lossy().into_owned(),
        weights: path.to_owned(),
        place: path.to_owned(),
    })
}
