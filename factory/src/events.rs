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
    /// Attempts wait in the queue.
    ExpectedRollouts {
        /// How many.
        rollouts: u64,
    },
    /// An agent took a step.
    Stepped {
        /// Tokens that it took.
        tokens: u64,
    },
    /// An attempt ended; it is graded next.
    Attempted {
        /// The instance.
        instance_id: String,
        /// How it ended.
        exit: String,
        /// How many steps it had.
        steps: usize,
    },
    /// A rollout was graded.
    Graded {
        /// Its outcome's name; `failed` where the machinery gave up.
        outcome: &'static str,
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
