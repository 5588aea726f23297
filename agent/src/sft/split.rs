//! Training and validation: a side for each project.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::names;

/// A side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Learned from.
    Train,
    /// Held out.
    Validation,
}

impl Split {
    /// The word used in file names and in the docs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
        }
    }
}

/// The side of a repository: the same one for every repository of its project, every time, and whatever else is
/// exported, so that what a model was validated on yesterday is not trained on tomorrow. `validation` is the expected share
/// of projects in 0..=1; with few of them the real one differs.
pub fn of(repository: &str, validation: f64, seed: u64) -> Split {
    let mut digest = Sha256::new();
    digest.update(seed.to_le_bytes());
    digest.update(names::project(repository));
    let digest = digest.finalize();
    let drawn = u32::from_le_bytes([digest[0], digest[1], digest[2], digest[3]]);
    if f64::from(drawn) < validation * (f64::from(u32::MAX) + 1.0) {
        Split::Validation
    } else {
        Split::Train
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held_out(validation: f64, seed: u64) -> Vec<usize> {
        let sides = (0..1000).map(|index| of(&format!("owner/project{index}"), validation, seed));
        let numbered = sides.enumerate();
        let held = numbered.filter(|(_, side)| *side == Split::Validation);
        held.map(|(index, _)| index).collect()
    }

    #[test]
    fn about_the_asked_share_of_projects_is_held_out_and_the_seed_decides_which() {
        let some = held_out(0.1, 1);
        assert!((70..=130).contains(&some.len()), "{}", some.len());
        assert_eq!(some, held_out(0.1, 1));
        assert_ne!(some, held_out(0.1, 2));
        assert_eq!(held_out(0.0, 1).len(), 0);
        assert_eq!(held_out(1.0, 1).len(), 1000);
    }

    #[test]
    fn a_larger_share_holds_out_all_that_a_smaller_one_does() {
        let more = held_out(0.2, 1);
        assert!(held_out(0.1, 1).iter().all(|index| more.contains(index)));
    }

    #[test]
    fn a_fork_is_on_the_side_of_its_original() {
        for index in 0..100 {
            let [one, fork] = ["one", "fork"].map(|owner| format!("{owner}/project{index}"));
            assert_eq!(of(&one, 0.5, 7), of(&fork, 0.5, 7));
        }
    }
}
