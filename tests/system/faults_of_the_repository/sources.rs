//! Sources that cannot become a repository, or only one of no use.

use std::process::Command;

use super::{refused, run};
use crate::support::loopback::{index, locked, serve};
use crate::support::{Home, Said, finish, project};

/// Runs a source against an index of the test's own.
fn run_with_index(home: &Home, source: &str, index: &str) -> Said {
    let mut command = home.command(&["run", source, "--json"]);
    isolate(&mut command).env("PIP_INDEX_URL", index);
    finish(command.spawn().unwrap())
}

/// Takes the machine's own indexes away.
fn isolate(command: &mut Command) -> &mut Command {
    for name in ["PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "UV_INDEX_URL"] {
        command.env_remove(name);
    }
    for name in ["UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL"] {
        command.env_remove(name);
    }
    command.env("PIP_CONFIG_FILE", "/dev/null")
}

#[test]
fn a_folder_that_does_not_exist_is_named_before_anything_is_queued() {
    let home = Home::new();
    let said = home.run(&["run", "/no/such/project"]);
    assert_eq!(said.code, Some(3), "{}", said.text());
    assert!(
        said.stderr
            .contains("'/no/such/project' was not found: check the path"),
        "{}",
        said.text()
    );
    assert_eq!(
        home.succeed(&["status", "--json"]).json()["sources"],
        serde_json::json!([])
    );
    home.leaves_nothing();
}

#[test]
fn a_repository_or_package_that_does_not_exist_is_refused_at_once() {
    let home = Home::new();
    let nothing = serve(|_| (404, "", b"nothing here".to_vec()));
    let said = home.run(&["run", &format!("{nothing}/some/repository.git"), "--json"]);
    refused(&home, &said, "environment", &["was not found"]);
    let said = run_with_index(
        &home,
        "pypi:no-such-package==1.0",
        &format!("{nothing}/simple"),
    );
    refused(
        &home,
        &said,
        "environment",
        &["no-such-package", "was not found"],
    );
}

#[test]
fn a_repository_or_index_that_needs_a_password_says_where_one_is_looked_for() {
    let home = Home::new();
    let server = locked();
    let said = home.run(&["run", &format!("{server}/some/repository.git"), "--json"]);
    refused(&home, &said, "environment", &["needs a password: "]);
    let secret = server.replace("http://", "http://me:hunter2@");
    let said = run_with_index(&home, "pypi:anything==1.0", &format!("{secret}/simple"));
    refused(&home, &said, "environment", &["needs a password: "]);
    assert!(!said.text().contains("hunter2"), "{}", said.text());
}

#[test]
fn a_folder_without_python_is_refused() {
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    let files = &[("README", "A tale."), ("main.c", "int main() {}")];
    let said = run(&home, &project(folder.path(), files), &[]);
    refused(
        &home,
        &said,
        "environment",
        &["is not Python: there is no .py file"],
    );
}

#[test]
fn a_project_without_tests_is_refused() {
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    let files = &[
        (
            "setup.py",
            "from setuptools import setup\nsetup(name='lone', version='1', py_modules=['lone'])\n",
        ),
        ("lone.py", "def one():\n    return 1\n"),
    ];
    let said = run(&home, &project(folder.path(), files), &[]);
    refused(&home, &said, "environment", &["no test"]);
}

#[test]
fn a_project_whose_tests_all_fail_is_refused_with_its_numbers() {
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    let files = &[
        ("ones.py", "def one():\n    return 2\n"),
        (
            "test_ones.py",
            "import ones\n\ndef test_one():\n    assert ones.one() == 1\n\ndef test_again():\n    assert ones.one() < 2\n",
        ),
    ];
    let said = run(&home, &project(folder.path(), files), &[]);
    refused(
        &home,
        &said,
        "environment",
        &["2 tests were collected and none passes"],
    );
}

#[test]
fn an_archive_that_unpacks_to_far_more_than_it_is_is_refused() {
    let bomb = sdist(&[("bomb-1.0/zeros.py", &vec![0; 100 << 20])]);
    assert!(bomb.len() < 1 << 20);
    archive_is_refused("bomb-1.0.tar.gz", "pypi:bomb==1.0", bomb, "limit");
}

#[test]
fn an_archive_whose_members_climb_out_is_refused_and_nothing_is_written_there() {
    let mut members = vec![("climb-1.0/setup.py", &b""[..])];
    members.push(("climb-1.0/../../../../../../../swemill-evil.py", b"evil"));
    archive_is_refused(
        "climb-1.0.tar.gz",
        "pypi:climb==1.0",
        sdist(&members),
        "'..'",
    );
    assert!(!std::path::Path::new("/swemill-evil.py").exists());
}

fn archive_is_refused(file: &'static str, source: &str, sdist: Vec<u8>, word: &str) {
    let home = Home::new();
    let said = run_with_index(&home, source, &index(file, sdist));
    refused(&home, &said, "environment", &[word]);
    let written = walk(home.path());
    assert!(
        !written.iter().any(|path| path.contains(".py")),
        "{written:?}"
    );
}

/// Everything in the data folder that a source may have brought.
fn walk(home: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![home.join("trees"), home.join("downloads")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            }
            found.push(entry.path().to_string_lossy().into_owned());
        }
    }
    found
}

/// A gzipped tar of these members, whatever their names.
fn sdist(members: &[(&str, &[u8])]) -> Vec<u8> {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let mut builder = tar::Builder::new(gzip);
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        // The library's own setter refuses names that climb.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}
