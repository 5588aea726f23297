//! What workers tell while they work.

/// Something that happened in a worker of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A step of a long stage began.
    Step {
        /// The source or repository.
        what: String,
        /// What is being done.
        step: String,
    },
    /// A stage ended.
    Stage {
        /// The source or repository.
        what: String,
        /// How.
        line: String,
    },
    /// Candidates were queued for validation, or found in the queue.
    Expected {
        /// How many.
        candidates: u64,
    },
    /// A candidate was decided.
    Decided {
        /// Its outcome's name.
        outcome: &'static str,
        /// Tests that were run for it, over all runs.
        ran: u64,
        /// Tests that one run of the whole suite has.
        suite: u64,
    },
}

/// Hears the events of a process's workers.
pub trait Listener: Send + Sync {
    /// Called from many tasks at once.
    fn hear(&self, event: Event);
}
