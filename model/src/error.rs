//! What can go wrong with models, their files and their inputs.

use std::path::PathBuf;

/// The result of everything in this crate that has no error type of its own.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of the model runtime.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of the model could not be read or written.
    #[error("could not {action} {}: {source}", path.display())]
    File {
        /// What was being done: `read`, `write`, `create`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },

    /// A file is there, but it is not what its name says, or it is cut short or damaged.
    #[error("{} cannot be used: {reason}; fetch it again, or convert it again if it was converted", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        reason: String,
    },

    /// The configuration names a kind of model that this crate does not run.
    #[error("the architecture `{name}` is not known; known are: {known}")]
    Architecture {
        /// The name found.
        name: String,
        /// The names that would do.
        known: String,
    },

    /// A value of the configuration is missing or impossible.
    #[error("the model's configuration is not usable: `{key}` {reason}")]
    Config {
        /// The key, as the file spells it.
        key: String,
        /// What is wrong with its value.
        reason: String,
    },

    /// The weights lack a tensor that the configuration asks for.
    #[error(
        "the weights hold no tensor `{name}`, which the configuration needs; is config.json that of these weights?"
    )]
    MissingTensor {
        /// The tensor's Hugging Face name.
        name: String,
    },

    /// A tensor has another shape than the configuration asks for.
    #[error(
        "the tensor `{name}` has the shape {found:?}, but the configuration needs {expected:?}"
    )]
    Shape {
        /// The tensor's Hugging Face name.
        name: String,
        /// What the configuration asks for.
        expected: Vec<usize>,
        /// What the file holds.
        found: Vec<usize>,
    },

    /// A number is not one: NaN or infinite.
    #[error(
        "{place} holds {what}; the weights are damaged, or they do not fit the number format in use"
    )]
    NotFinite {
        /// Where it was found: a tensor's name or "the logits of row 3".
        place: String,
        /// `NaN` or `an infinity`.
        what: &'static str,
    },

    /// A batch that contradicts itself, the model or the cache.
    #[error("the batch cannot be run: {0}")]
    Batch(String),

    /// A position that the model has no place for.
    #[error(
        "position {position} is beyond the model's context of {context} tokens; shorten the prompt or the answer"
    )]
    Context {
        /// The first position that does not fit.
        position: usize,
        /// How many positions there are.
        context: usize,
    },

    /// The cache has no room for what a batch would add.
    #[error("the cache is full: {needed} blocks are needed, {free} of {total} are free")]
    CacheFull {
        /// Blocks that the batch would take.
        needed: usize,
        /// Blocks that are free.
        free: usize,
        /// Blocks that there are.
        total: usize,
    },

    /// The tokenizer could not be built or could not encode a text.
    #[error("the tokenizer failed: {0}")]
    Tokenizer(String),

    /// A device or number format that does not exist, or not here.
    #[error("cannot compute on `{asked}`: {reason}")]
    Device {
        /// What was asked for.
        asked: String,
        /// What is wrong, and what to do.
        reason: String,
    },

    /// A kernel of the CPU refused what it was given.
    #[error(transparent)]
    Kernel(#[from] crate::kernels::KernelError),

    /// A tensor operation failed; in a checked model that is a defect of this crate or a lack of memory.
    #[error("a tensor operation failed: {0}")]
    Tensor(#[from] candle_core::Error),
}

impl Error {
    /// An error about a key of the configuration.
    pub fn config(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Config {
            key: key.into(),
            reason: reason.into(),
        }
    }

    /// An error about the contents of a file.
    pub fn format(path: impl Into<PathBuf>, reason: impl Into<String>) -> Self {
        Self::Format {
            path: path.into(),
            reason: reason.into(),
        }
    }

    /// For `map_err` on the operations of files.
    pub fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            action,
            path,
            source,
        }
    }
}
