//! What a sandbox is made of.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The recipe of a place: trees of files, mounts, variables, and whether it may reach the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentSpec {
    /// Names the content: two specs with one digest give the same place.
    pub digest: String,
    /// Copy-on-write directories, such as the repository and its installed dependencies.
    pub trees: Vec<Tree>,
    /// Host files and folders that are shared as they are.
    pub mounts: Vec<Mount>,
    /// Variables of every command; nothing of the caller's environment is inherited.
    pub variables: BTreeMap<String, String>,
    /// The network exists only while an environment is built.
    pub network: Network,
    /// Where commands start.
    pub working_directory: PathBuf,
    /// What an image made of it says of itself, such as its source and licence; no part of the place.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// A directory assembled from read-only layers under a writable one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tree {
    /// Absolute path inside the sandbox.
    pub target: PathBuf,
    /// Host folders, the uppermost first; at least one.
    pub lower: Vec<PathBuf>,
    /// Where writes go.
    pub upper: Upper,
}

/// Where the writes to a [`Tree`] go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Upper {
    /// Into memory, bounded by [`Limits::disk_bytes`](crate::Limits), gone with the sandbox.
    Memory,
    /// Into a host folder that outlives the sandbox: how a build's result becomes a layer.
    Folder(PathBuf),
}

/// A host file or folder seen inside the sandbox at a path of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Absolute path on the host.
    pub source: PathBuf,
    /// Absolute path inside the sandbox.
    pub target: PathBuf,
    /// Writable mounts are for builds of trusted tools only.
    pub writable: bool,
}

/// Whether a sandbox reaches the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Network {
    /// A loopback interface of its own and nothing else.
    None,
    /// The host's network, with its resolver configuration.
    Host,
}
