//! What was given wrongly.

use std::path::PathBuf;

use super::Origin;

/// What was given wrongly.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read the settings in {path}: {reason}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What happened.
        reason: String,
    },
    /// There is no such key.
    #[error("there is no setting `{name}` (from {origin}); `swemill config` lists all of them")]
    UnknownKey {
        /// The word given.
        name: String,
        /// Where it was given.
        origin: Origin,
    },
    /// The value does not fit the key.
    #[error("the setting `{name}` from {origin} cannot be {value}: {reason}")]
    Value {
        /// The key.
        name: String,
        /// The value given.
        value: String,
        /// Where it was given.
        origin: Origin,
        /// What was expected.
        reason: String,
    },
    /// A `--set` without `=`.
    #[error("`--set {0}` is not KEY=VALUE")]
    Assignment(String),
}
