//! What can be wrong with a question about an envelope.

/// Why a question has no answer.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EnvelopeError {
    /// A number could not be read.
    #[error(
        "cannot read {text:?} as a number: {reason}; write a fraction such as -7/3 or a decimal such as 0.25"
    )]
    Number {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The multiplier is out of range.
    #[error(
        "the multiplier {text} has a numerator or denominator above {limit}: the cost of every count grows with them; choose a simpler fraction"
    )]
    Multiplier {
        /// What was given.
        text: String,
        /// The largest numerator and denominator.
        limit: i64,
    },
    /// The radius is negative.
    #[error("the radius {text} is negative; turn the second circle by half a turn instead")]
    Radius {
        /// What was given.
        text: String,
    },
    /// A question that only makes sense for families that have an envelope.
    #[error("this family has no envelope to {action}: {reason}")]
    Degenerate {
        /// What was asked.
        action: &'static str,
        /// Why there is nothing.
        reason: String,
    },
    /// A range or a size that makes no sense.
    #[error("{0}")]
    Range(String),
}
