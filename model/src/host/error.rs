//! Why a model cannot be asked.

use crate::{
    engine::{InvalidGrammar, RequestError},
    template::TemplateError,
};

/// A failure between a client's words and the engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The model could not be opened, or a text could not be turned into tokens.
    #[error(transparent)]
    Model(#[from] crate::Error),
    /// The model was published without a chat template.
    #[error(
        "the model `{name}` has no chat template, so it takes no conversations; ask it for the completion of a text instead"
    )]
    NoTemplate {
        /// The model.
        name: String,
    },
    /// The chat template is broken, or refuses the messages.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A grammar cannot be followed.
    #[error(transparent)]
    Grammar(#[from] InvalidGrammar),
    /// The engine refuses the request, or failed at it.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The system has no thread left.
    #[error("could not start the engine of the model `{name}`: {source}")]
    Thread {
        /// The model.
        name: String,
        /// What the system said.
        source: std::io::Error,
    },
}
