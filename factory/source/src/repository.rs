//! A source pinned to one commit, lying in a folder.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Licence;

/// Plain files, pinned. Two fetches of one source give equal values, but for [`Repository::tree`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// The canonical spec, without credentials: fetching it again gives this repository again.
    pub spec: String,
    /// Who owns it: a URL's last part but one, `pypi` for sdists, `local` for folders.
    pub owner: String,
    /// Its name: a URL's last part, or the package's normalised name.
    pub name: String,
    /// The commit, 40 hexadecimal digits. For sdists and folders a pure function of their content.
    pub commit: String,
    /// The folder with its files, without `.git`.
    pub tree: PathBuf,
    /// [`crate::tree_digest`] of the folder.
    pub tree_digest: String,
    /// The version it claims or, for git, a PEP 440 version worked out from its tags:
    /// what tools that ask git for a version should be told.
    pub version: Option<String>,
    /// The day it was published or committed, `YYYY-MM-DD`, where that is known: what it was written for
    /// was there by then.
    pub released: Option<String>,
    /// Its licence.
    pub licence: Licence,
    /// What was left out or is worth knowing, in sentences, in a fixed order.
    pub notices: Vec<String>,
}
