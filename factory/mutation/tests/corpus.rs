//! Every mutant of a sample of the host Python's own standard library compiles, and none is a double.

#![expect(
    clippy::unwrap_used,
    reason = "what tests share may fail as loudly as tests"
)]

mod common;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use swemill_mutation::patch;

/// Files larger than this make the test slow and show nothing that smaller ones do not.
const MAX_BYTES: u64 = 24_000;
const FILES: usize = 20;

fn standard_library() -> Vec<PathBuf> {
    let script = "import os; print(os.path.dirname(os.__file__))";
    let output = Command::new("python3")
        .args(["-c", script])
        .output()
        .expect("these tests need python3");
    let folder = String::from_utf8(output.stdout).unwrap();
    let mut files: Vec<PathBuf> = [
        "",
        "asyncio",
        "json",
        "email",
        "logging",
        "importlib",
        "concurrent/futures",
        "http",
    ]
    .iter()
    .flat_map(|inner| {
        fs::read_dir(Path::new(folder.trim()).join(inner))
            .into_iter()
            .flatten()
            .flatten()
    })
    .filter(|entry| {
        entry
            .metadata()
            .is_ok_and(|data| data.is_file() && data.len() < MAX_BYTES && data.len() > 2000)
    })
    .map(|entry| entry.path())
    .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
    .collect();
    files.sort();
    let step = (files.len() / FILES).max(1);
    files.into_iter().step_by(step).take(FILES).collect()
}

#[test]
fn every_mutant_of_real_code_compiles_and_none_is_a_double() {
    let root = tempfile::tempdir().unwrap();
    for (number, file) in standard_library().iter().enumerate() {
        fs::copy(file, root.path().join(format!("module_{number}.py"))).unwrap();
    }
    let (candidates, summary) = common::run(root.path(), &common::options("all"));
    assert!(
        summary.mutated > 12 && candidates.len() > 3000,
        "{summary:?}"
    );
    let (mut ids, mut contents, mut sources) = (HashSet::new(), HashSet::new(), Vec::new());
    for candidate in &candidates {
        let original = fs::read_to_string(root.path().join(&candidate.file)).unwrap();
        let mutated = patch::apply(&original, &candidate.patch).unwrap();
        assert!(ids.insert(&candidate.id), "an id twice: {}", candidate.id);
        assert!(
            contents.insert((&candidate.file, mutated.clone())),
            "twice:\n{}",
            candidate.patch
        );
        let back =
            patch::reverse(&candidate.patch).and_then(|reverse| patch::apply(&mutated, &reverse));
        assert_eq!(back.as_deref(), Ok(original.as_str()));
        sources.push(mutated);
    }
    let failures: Vec<String> = common::compile_all(&sources)
        .into_iter()
        .map(|(place, error)| format!("{error}\n{}", candidates[place].patch))
        .collect();
    assert!(
        failures.is_empty(),
        "{} do not compile:\n{}",
        failures.len(),
        failures.join("\n")
    );
}
