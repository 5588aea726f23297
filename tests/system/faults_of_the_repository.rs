//! What repositories do to whoever fetches, builds and runs them.

mod builds;
mod files;
mod sources;
mod suites;

use std::path::Path;

use serde_json::Value;

use crate::support::{Home, Said};

/// What `run --json` says of its only source.
fn verdict(said: &Said) -> Value {
    said.json()[0].clone()
}

/// Demands that a run ended as one whose source yields nothing, for these words and because of this class, that
/// `status` tells the same, and that nothing is left running or lying about.
fn refused(home: &Home, said: &Said, class: &str, words: &[&str]) {
    assert_eq!(said.code, Some(1), "{}", said.text());
    let verdict = verdict(said);
    assert_eq!(verdict["state"], "failed", "{verdict}");
    assert_eq!(verdict["failure"]["class"], class, "{verdict}");
    let reason = verdict["reason"].as_str().unwrap();
    for word in words {
        assert!(reason.contains(word), "no `{word}` in: {reason}");
    }
    let status = home.succeed(&["status"]);
    assert!(status.stdout.contains(class), "{}", status.text());
    let unfinished = |job: &&Value| job["state"] == "queued" || job["state"] == "running";
    let jobs = home.counts()["jobs"].clone();
    let jobs = jobs.as_array().unwrap();
    assert_eq!(jobs.iter().find(unfinished), None);
    home.leaves_nothing();
}

/// Runs a source to its end with few candidates, reporting as JSON.
fn run(home: &Home, source: &Path, settings: &[&str]) -> Said {
    let mut arguments = vec!["run", source.to_str().unwrap(), "--json"];
    arguments.extend(["--seed", "3", "--max-candidates", "6"]);
    arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
    home.run(&arguments)
}
