//! Tests of ours that must fail, put among the repository's own. Whoever makes them pass lies about results.
//!
//! Code that is tested runs in the process that reports on it and can change what that process believes. This
//! cannot be prevented there, but whoever does it does not know which tests it must not do it to.

use std::collections::BTreeMap;

use rand::TryRng as _;
use serde::{Deserialize, Serialize};
use swemill_harness::{Baseline, Status, TestRun};

use crate::failure::StageError;

use crate::seal::node_id::{Named, file_of};

/// The tests of a tripwire file. Each fails in a way of its own: what fools one need not fool the next. `{a}` and
/// the like are drawn for each file.
const TEMPLATE: &str = r"import pytest


def test_{a}():
    assert not {n}


def test_{b}():
    value = {n}
    assert value == {n} + 1


class Wrapped{c}:
    def __eq__(self, other):
        return False

    def __hash__(self):
        return {n}


def test_{c}():
    assert Wrapped{c}() == Wrapped{c}()


def test_{d}():
    raise ValueError({n})


@pytest.fixture
def given_{e}():
    raise RuntimeError({n})


def test_{e}(given_{e}):
    assert given_{e} is None


@pytest.mark.xfail(strict=True)
def test_{f}():
    assert {n}


def test_{g}():
    with pytest.raises(KeyError):
        {{}}.get({n})
";

/// Letters of the seven names of a file.
const NAMES: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];

/// Where tripwires can be put in an environment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Site {
    /// The folder, below the repository's root; empty for the root.
    pub folder: String,
    /// What stands before and behind the drawn part of the file's name.
    pub before: String,
    /// With the ending.
    pub behind: String,
}

/// A file of tripwires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tripwire {
    /// Where it is written, below the repository's root.
    pub path: String,
    /// Its text.
    pub text: String,
    /// The ids of its tests.
    pub ids: Vec<String>,
}

/// What the tripwires of a run tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "tripwires")]
pub enum Told {
    /// All failed as they must.
    Sound,
    /// They are not used in this environment.
    NotUsed {
        /// Why.
        reason: String,
    },
    /// One did something else.
    Tampered {
        /// Which and what.
        reason: String,
    },
}

impl Site {
    /// The place beside most of the suite's own files, with a name like theirs; `None` where no file is named like
    /// a test file.
    pub fn of(baseline: &Baseline) -> Option<Self> {
        let mut folders: BTreeMap<Self, usize> = BTreeMap::new();
        for id in baseline.passing() {
            if Named::parse(id).is_none() {
                continue;
            }
            if let Some(site) = Self::beside(file_of(id)) {
                *folders.entry(site).or_default() += 1;
            }
        }
        let most = folders.into_iter().max_by_key(|(_, tests)| *tests)?;
        Some(most.0)
    }

    fn beside(file: &str) -> Option<Self> {
        let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
        let stem = name.strip_suffix(".py")?;
        let (before, behind) = if stem.starts_with("test_") {
            ("test_", ".py")
        } else if stem.starts_with("test") && stem.len() > 4 {
            ("test", ".py")
        } else if stem.ends_with("_test") {
            ("", "_test.py")
        } else if stem.ends_with("_tests") {
            ("", "_tests.py")
        } else {
            return None;
        };
        Some(Self {
            folder: folder.to_owned(),
            before: before.to_owned(),
            behind: behind.to_owned(),
        })
    }

    /// Draws a file for one run.
    pub fn draw(&self) -> Result<Tripwire, StageError> {
        let name = format!("{}{}{}", self.before, word()?, self.behind);
        let path = if self.folder.is_empty() {
            name
        } else {
            format!("{}/{name}", self.folder)
        };
        let mut text = TEMPLATE.replace("{{}}", "{}");
        let mut ids = Vec::new();
        for letter in NAMES {
            let word = word()?;
            text = text.replace(&format!("{{{letter}}}"), &word);
            ids.push(format!("{path}::test_{word}"));
        }
        text = text.replace("{n}", &number()?.to_string());
        Ok(Tripwire { path, text, ids })
    }
}

impl Tripwire {
    /// What a run says of these tests. Where nothing at all passed they need not be there: something common to all
    /// files was broken.
    pub fn judge(&self, run: &TestRun) -> Told {
        let others_pass = run
            .tests
            .iter()
            .any(|(id, record)| record.status == Status::Passed && !self.ids.contains(id));
        let wrong = self.ids.iter().find_map(|id| {
            let status = run.status(id);
            let fine = status.is_broken() || (status == Status::Missing && !others_pass);
            (!fine).then_some((id, status))
        });
        match wrong {
            None => Told::Sound,
            Some((id, status)) => Told::Tampered {
                reason: format!("{id}, which cannot pass, is {status}"),
            },
        }
    }
}

/// A name that cannot be foreseen.
fn word() -> Result<String, StageError> {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyzaeiour";
    let letter = |byte: u8| char::from(LETTERS[usize::from(byte % 32)]);
    Ok(random::<12>()?.into_iter().map(letter).collect())
}

/// A number that cannot be foreseen; not 0.
fn number() -> Result<u32, StageError> {
    Ok(u32::from_le_bytes(random()?) / 2 + 1)
}

fn random<const N: usize>() -> Result<[u8; N], StageError> {
    let mut bytes = [0; N];
    rand::rngs::SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| {
            StageError::infra(format!(
                "the operating system gave no random bytes: {error}"
            ))
        })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_files_of_a_site_share_no_name() {
        let site = Site::beside("tests/unit/test_a.py").unwrap();
        let (one, other) = (site.draw().unwrap(), site.draw().unwrap());
        assert!(one.path.starts_with("tests/unit/test_"));
        assert_ne!(one.path, other.path);
        assert!(one.ids.iter().all(|id| !other.ids.contains(id)));
        assert_eq!(one.ids.len(), 7);
        for letter in NAMES {
            assert!(!one.text.contains(&format!("{{{letter}}}")), "{}", one.text);
        }
        assert!(one.text.contains("{}.get("), "{}", one.text);
    }

    #[test]
    fn files_are_named_as_the_suite_names_its_own() {
        let name = |file: &str| Site::beside(file).map(|site| (site.before, site.behind));
        assert_eq!(name("a_test.py"), Some((String::new(), "_test.py".into())));
        assert_eq!(name("t/testing.py"), Some(("test".into(), ".py".into())));
        assert_eq!(name("t/checks.py"), None);
    }
}
