//! What is to be built: a folder of files and what is known about it.

use std::path::PathBuf;

/// A checked-out repository, the input of a build.
#[derive(Clone, Debug)]
pub struct Project {
    /// The files, without a `.git`.
    pub tree: PathBuf,
    /// What people call it, such as `sqlparse`.
    pub name: String,
    /// The commit that the files are of.
    pub commit: String,
    /// The version that a build backend would read from tags that are not there.
    pub version: Option<String>,
    /// The day it was published, `YYYY-MM-DD`, when known: its dependencies then were no newer.
    pub released: Option<String>,
    /// Names the content of the tree.
    pub tree_digest: String,
}
