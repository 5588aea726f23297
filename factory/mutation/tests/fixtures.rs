//! Every registered operator has `fixtures/<strategy>/before.py` and `after.diff`: all of its candidates
//! there, one diff after the other. `SWEMILL_BLESS=1 cargo test -p swemill-mutation --test fixtures` writes
//! the second from the first.

#![expect(
    clippy::unwrap_used,
    reason = "what tests share may fail as loudly as tests"
)]

mod common;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use swemill_mutation::{operators, patch};

#[test]
fn every_operator_does_to_its_fixture_what_is_written_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let bless = std::env::var_os("SWEMILL_BLESS").is_some();
    let mut problems = Vec::new();
    let mut mutants: Vec<(String, String)> = Vec::new();
    for operator in operators::all() {
        let name = operator.name();
        let Ok(before) = fs::read_to_string(folder.join(name).join("before.py")) else {
            problems.push(format!("{name}: fixtures/{name}/before.py is missing"));
            continue;
        };
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("before.py"), &before).unwrap();
        let (candidates, _) = common::run(root.path(), &common::options(name));
        if candidates.is_empty() {
            problems.push(format!("{name}: finds nothing in its fixture"));
        }
        let after: String = candidates
            .iter()
            .map(|candidate| candidate.patch.as_str())
            .collect();
        let expected = folder.join(name).join("after.diff");
        if bless {
            fs::write(&expected, &after).unwrap();
        } else if fs::read_to_string(&expected).ok().as_deref() != Some(&after) {
            problems.push(format!(
                "{name}: after.diff differs from what it does now:\n{after}"
            ));
        }
        for candidate in candidates {
            let mutated = patch::apply(&before, &candidate.patch).unwrap();
            if !git_accepts(root.path(), &candidate.patch) {
                problems.push(format!("{name}: git refuses\n{}", candidate.patch));
            }
            mutants.push((candidate.patch, mutated));
        }
    }
    let (patches, sources): (Vec<_>, Vec<_>) = mutants.into_iter().unzip();
    for (place, error) in common::compile_all(&sources) {
        problems.push(format!("does not compile: {error}\n{}", patches[place]));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn no_fixture_is_left_of_an_operator_that_is_gone() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            operators::all()
                .iter()
                .any(|operator| operator.name() == name),
            "fixtures/{name} has no operator"
        );
    }
}

fn git_accepts(root: &Path, patch: &str) -> bool {
    let mut git = Command::new("git")
        .args(["apply", "--check", "-"])
        .current_dir(root)
        .stdin(Stdio::piped())
        .spawn()
        .expect("these tests need git");
    git.stdin
        .take()
        .unwrap()
        .write_all(patch.as_bytes())
        .unwrap();
    git.wait().unwrap().success()
}
