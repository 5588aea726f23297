//! Notices an agent that goes in circles.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use crate::trajectory::Step;

/// The longest circle that is noticed, in steps.
const LONGEST_PERIOD: usize = 3;

/// What was done and seen, step by step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Repetition {
    steps: Vec<u64>,
}

/// A circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Circle {
    /// Its length in steps.
    pub(crate) period: usize,
    /// How often it was gone through, the first time included.
    pub(crate) times: usize,
}

impl Repetition {
    /// Takes note of a step: equal steps do the same and see the same.
    pub(crate) fn note(&mut self, step: &Step) {
        let mut hasher = DefaultHasher::new();
        for call in &step.calls {
            serde_json::to_string(&call.action)
                .unwrap_or_default()
                .hash(&mut hasher);
        }
        for observation in &step.observations {
            (&observation.output, observation.returncode).hash(&mut hasher);
        }
        if step.malformed.is_some() {
            // Malformed answers have a limit of their own; two of them are not alike.
            self.steps.len().hash(&mut hasher);
        }
        self.steps.push(hasher.finish());
    }

    /// The circle that the last steps go in, of those the one gone through most often.
    pub(crate) fn circle(&self) -> Circle {
        let count = |period: usize| {
            let mut blocks = self.steps.rchunks_exact(period);
            let last = blocks.next();
            let same = blocks.take_while(|block| Some(*block) == last).count();
            Circle {
                period,
                times: usize::from(last.is_some()) + same,
            }
        };
        (1..=LONGEST_PERIOD)
            .map(count)
            .reduce(|best, other| {
                if other.times > best.times {
                    other
                } else {
                    best
                }
            })
            .unwrap_or(Circle {
                period: 1,
                times: 0,
            })
    }
}
