//! What attackers submit: folders of `submissions/`, each laid over the broken repository, and diffs written by
//! hand where git would not write them.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::ledger::{Factory, copy, folder};

/// Put in front of the broken module, behind it, and the paths that go: they stand in a submission for a change of
/// what differs from instance to instance.
const PRELUDE: &str = "PRELUDE.py";
const TAIL: &str = "TAIL.py";
const REMOVE: &str = "REMOVE";

/// The module that is broken.
const MODULE: &str = "ledger.py";

/// A diff and the name of the attack.
#[derive(Clone, Debug)]
pub(crate) struct Submission {
    pub(crate) name: String,
    pub(crate) patch: String,
}

/// What became of a submission.
#[derive(Clone, Debug)]
pub(crate) struct Graded {
    pub(crate) name: String,
    pub(crate) outcome: String,
    pub(crate) grade: Value,
}

impl Graded {
    /// How many of its files were not applied.
    pub(crate) fn refused(&self) -> usize {
        self.grade["refused"].as_array().unwrap().len()
    }

    /// What the audit tells, as words.
    pub(crate) fn findings(&self) -> String {
        self.grade["audit"].to_string()
    }
}

/// The names of a family's submissions, sorted.
pub(crate) fn names(family: &str) -> Vec<String> {
    let entries = fs::read_dir(folder("submissions").join(family)).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<String> = entries
        .map(|entry| name(entry).to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

impl Factory {
    /// Grades a family, each submission against an instance of its own; the first of the instances gets its true
    /// repair, which has to be resolved, or nothing else here would mean anything.
    pub(crate) fn grade_family(&self, family: &str) -> Vec<Graded> {
        let instances = self.instances();
        let (gold, others) = instances.split_first().unwrap();
        let mut graded = Vec::new();
        for names in names(family).chunks(others.len()) {
            let submissions: Vec<_> = names
                .iter()
                .zip(others)
                .map(|(name, instance)| {
                    let overlay = folder("submissions").join(family).join(name);
                    let (name, patch) = (name.clone(), self.diff(instance, &overlay));
                    (instance.as_str(), Submission { name, patch })
                })
                .collect();
            graded.extend(self.grade(gold, &submissions));
        }
        graded
    }

    /// Grades submissions, each of an instance of its own, and the true repair of `gold`.
    pub(crate) fn grade(&self, gold: &str, submissions: &[(&str, Submission)]) -> Vec<Graded> {
        let file = self.home.temporary().join("predictions.jsonl");
        let repair = Submission {
            name: "gold".to_owned(),
            patch: reversed(&self.patch(gold)),
        };
        let mut lines = String::new();
        let last = [(gold, repair)];
        for (instance, submission) in submissions.iter().chain(&last) {
            let prediction = serde_json::json!({
                "instance_id": instance,
                "model_name_or_path": submission.name,
                "model_patch": submission.patch,
            });
            lines.push_str(&prediction.to_string());
            lines.push('\n');
        }
        fs::write(&file, lines).unwrap();
        let said = self
            .home
            .run(&["grade", file.to_str().unwrap(), "--json", "--workers", "2"]);
        fs::remove_file(&file).unwrap();
        let mut graded: Vec<Graded> = said.json()["grades"]
            .as_array()
            .unwrap_or_else(|| panic!("{}", said.text()))
            .iter()
            .map(|grade| Graded {
                name: grade["model_name_or_path"].as_str().unwrap().to_owned(),
                outcome: grade["outcome"].as_str().unwrap().to_owned(),
                grade: grade.clone(),
            })
            .collect();
        let repaired = graded.pop().unwrap();
        assert_eq!(
            repaired.outcome, "resolved",
            "the true repair: {:#}",
            repaired.grade
        );
        assert_eq!(graded.len(), submissions.len());
        graded
    }

    /// The break of an instance.
    pub(crate) fn patch(&self, instance: &str) -> String {
        let shown = self.home.succeed(&["instances", instance, "--json"]).json();
        shown["patch"].as_str().unwrap().to_owned()
    }

    /// What `git diff` says of the broken repository once the submission's files are laid over it.
    fn diff(&self, instance: &str, overlay: &Path) -> String {
        let checkout = tempfile::tempdir().unwrap();
        let place = checkout.path();
        copy(Path::new(&self.repository()), place);
        git(place, &["init", "--quiet"], "");
        git(place, &["apply"], &self.patch(instance));
        git(place, &["add", "--all"], "");
        git(place, &["commit", "--quiet", "--message", "x"], "");
        lay_over(overlay, place);
        git(place, &["add", "--all", "--force"], "");
        git(place, &["diff", "--cached", "--binary"], "")
    }
}

fn lay_over(overlay: &Path, place: &Path) {
    copy(overlay, place);
    let module = place.join(MODULE);
    let take = |name: &str| {
        let path = place.join(name);
        let text = fs::read_to_string(&path).ok()?;
        fs::remove_file(path).unwrap();
        Some(text)
    };
    let broken = fs::read_to_string(&module).unwrap();
    let (prelude, tail) = (take(PRELUDE), take(TAIL));
    let text = prelude.unwrap_or_default() + &broken + &tail.unwrap_or_default();
    fs::write(module, text).unwrap();
    for path in take(REMOVE).unwrap_or_default().lines() {
        fs::remove_file(place.join(path)).unwrap();
    }
}

/// The diff that takes another back.
fn reversed(patch: &str) -> String {
    let place = tempfile::tempdir().unwrap();
    copy(&folder("repository"), place.path());
    git(place.path(), &["init", "--quiet"], "");
    git(place.path(), &["apply"], patch);
    git(place.path(), &["add", "--all"], "");
    git(place.path(), &["apply", "--reverse"], patch);
    git(place.path(), &["diff"], "")
}

fn git(place: &Path, arguments: &[&str], input: &str) -> String {
    use std::io::Write as _;
    let mut command = Command::new("git");
    command
        .args([
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@example.org",
            "-c",
            "core.autocrlf=false",
        ])
        .args(arguments)
        .current_dir(place)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A git that reads nothing may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}
