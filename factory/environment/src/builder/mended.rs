//! What mending has changed in one attempt.

use std::collections::BTreeSet;
use std::path::Path;

use crate::built::TESTBED;
use crate::diagnose::Remedy;
use crate::plan::distribution_name;

/// What mending has changed so far.
#[derive(Default)]
pub(super) struct Mended {
    /// Requirements that were worked out.
    pub(super) additions: Vec<String>,
    /// Requirements that turned out to be none.
    pub(super) refused: BTreeSet<String>,
    /// Folders on the search path, inside.
    pub(super) path: Vec<String>,
    /// Arguments of pytest.
    pub(super) arguments: Vec<String>,
    /// What was changed and why.
    pub(super) notes: Vec<String>,
}

impl Mended {
    /// Whether a remedy has not been tried.
    pub(super) fn is_new(&self, remedy: &Remedy) -> bool {
        match remedy {
            Remedy::Add(requirement, _) => {
                let name = distribution_name(requirement);
                let known = self.additions.iter().chain(&self.refused);
                name.is_some()
                    && !known
                        .into_iter()
                        .any(|known| distribution_name(known) == name)
            }
            Remedy::Path(folder, _) => !self.path.contains(&inside(folder)),
            Remedy::Argument(argument, _) => !self.arguments.contains(argument),
        }
    }

    /// Takes a remedy for the next try.
    pub(super) fn apply(&mut self, remedy: Remedy) {
        match remedy {
            Remedy::Add(requirement, reason) => {
                self.notes.push(format!("{requirement} is added: {reason}"));
                self.additions.push(requirement);
            }
            Remedy::Path(folder, reason) => {
                let folder = inside(&folder);
                self.notes
                    .push(format!("{folder} is put on the search path: {reason}"));
                self.path.push(folder);
            }
            Remedy::Argument(argument, reason) => {
                self.notes
                    .push(format!("pytest is given {argument}: {reason}"));
                self.arguments.push(argument);
            }
        }
    }
}

fn inside(folder: &Path) -> String {
    let path = Path::new(TESTBED).join(folder);
    path.display().to_string().trim_end_matches('/').to_owned()
}
