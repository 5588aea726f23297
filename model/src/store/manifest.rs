//! What the store writes beside a model: where it came from and what its files must be.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::{Error, Result, io_error};

/// The manifest's file name within a model's folder.
pub const MANIFEST: &str = "swemill-model.json";

/// The record of a model in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The model's name.
    pub name: String,
    /// Where it came from, as [`Reference`](super::Reference) prints it.
    pub origin: String,
    /// The exact commit, where a hub told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Its licence, where one is stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// What else to know about the licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence_note: Option<String>,
    /// The model's files.
    pub files: Vec<FileRecord>,
}

/// A file of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Its path within the model's folder, with `/`.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its sha256, in lower case hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// All files together, in bytes.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(MANIFEST);
        let text = std::fs::read_to_string(&path).map_err(io_error("read", &path))?;
        serde_json::from_str(&text).map_err(|error| Error::Unreadable {
            path,
            reason: format!("{error}; remove the model and pull it again"),
        })
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(MANIFEST);
        let text = serde_json::to_vec_pretty(self).expect("a manifest is text and numbers");
        std::fs::write(&path, text).map_err(io_error("write", &path))
    }
}
