//! Repositories of one orphan commit.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use swemill_source::commit::{commit_id, write_repository};

use crate::support::{git, write};

fn tree() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &[
            ("a.py", "x = 1\n"),
            ("crlf.py", "a\r\nb\r\n"),
            ("sub/b.sh", "#!/bin/sh\n"),
            ("sub.py", ""),
            (".gitignore", "ignored.py\n"),
            ("ignored.py", "kept\n"),
            (".gitattributes", "* text eol=crlf ident filter=lfs\n"),
        ],
    );
    fs::set_permissions(
        folder.path().join("sub/b.sh"),
        fs::Permissions::from_mode(0o755),
    )
    .unwrap();
    symlink("a.py", folder.path().join("link")).unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    folder
}

#[test]
fn the_commit_is_the_one_that_git_would_make() {
    let (ours, theirs) = (tree(), tree());
    fs::remove_file(theirs.path().join(".gitattributes")).unwrap();
    fs::remove_file(ours.path().join(".gitattributes")).unwrap();
    git(theirs.path(), &["init", "-q", "-b", "main"]);
    git(theirs.path(), &["add", "-A", "-f"]);
    let tree = git(theirs.path(), &["write-tree"]);
    let commit = std::process::Command::new("git")
        .current_dir(theirs.path())
        .args(["commit-tree", &tree, "-m", "Initial commit"])
        .envs([
            ("GIT_AUTHOR_NAME", "nobody"),
            ("GIT_AUTHOR_EMAIL", "nobody@localhost"),
            ("GIT_AUTHOR_DATE", "946684800 +0000"),
            ("GIT_COMMITTER_NAME", "nobody"),
            ("GIT_COMMITTER_EMAIL", "nobody@localhost"),
            ("GIT_COMMITTER_DATE", "946684800 +0000"),
        ])
        .output()
        .unwrap();
    let expected = String::from_utf8(commit.stdout).unwrap().trim().to_owned();
    assert_eq!(commit_id(ours.path()).unwrap(), expected);
    assert_eq!(write_repository(ours.path()).unwrap(), expected);
    assert_eq!(git(ours.path(), &["rev-parse", "HEAD"]), expected);
}

#[test]
fn git_finds_the_repository_sound_clean_and_without_any_past() {
    let tree = tree();
    let commit = write_repository(tree.path()).unwrap();
    let at = tree.path();
    assert_eq!(git(at, &["status", "--porcelain", "--ignored"]), "");
    assert_eq!(git(at, &["fsck", "--full", "--strict"]), "");
    assert_eq!(git(at, &["rev-list", "--all"]), commit);
    assert_eq!(git(at, &["reflog"]), "");
    assert_eq!(git(at, &["remote"]), "");
    assert_eq!(git(at, &["branch", "--show-current"]), "main");
    let counted = git(at, &["count-objects", "-v"]);
    assert!(
        counted.contains("count: 0\n") && counted.contains("packs: 1\n"),
        "{counted}"
    );
    for leftover in ["logs", "hooks", "description", "FETCH_HEAD", "ORIG_HEAD"] {
        assert!(!at.join(".git").join(leftover).exists(), "{leftover}");
    }
    // Only what the commit reaches is in the pack.
    let all = git(at, &["cat-file", "--batch-check", "--batch-all-objects"])
        .lines()
        .count();
    assert_eq!(
        all,
        git(at, &["rev-list", "--objects", "--all"]).lines().count()
    );
}

#[test]
fn git_neither_changes_bytes_nor_sees_changes_that_are_not_there() {
    let tree = tree();
    write_repository(tree.path()).unwrap();
    fs::write(tree.path().join("a.py"), "x = 2\n").unwrap();
    assert_eq!(git(tree.path(), &["diff", "--name-only"]), "a.py");
    fs::remove_file(tree.path().join("crlf.py")).unwrap();
    git(tree.path(), &["checkout", "--", "."]);
    assert_eq!(
        fs::read(tree.path().join("crlf.py")).unwrap(),
        b"a\r\nb\r\n"
    );
    assert_eq!(fs::read(tree.path().join("a.py")).unwrap(), b"x = 1\n");
}

#[test]
fn an_older_repository_and_its_hooks_are_replaced() {
    let tree = tree();
    git(tree.path(), &["init", "-q"]);
    write(
        tree.path(),
        &[
            (".git/hooks/post-checkout", "evil"),
            (".git/objects/info/alternates", "/elsewhere"),
        ],
    );
    let first = write_repository(tree.path()).unwrap();
    assert!(!tree.path().join(".git/hooks").exists());
    assert!(!tree.path().join(".git/objects/info/alternates").exists());
    assert_eq!(write_repository(tree.path()).unwrap(), first);
    assert_eq!(commit_id(tree.path()).unwrap(), first);
}

#[test]
fn content_decides_the_commit_and_dates_do_not() {
    let (one, two) = (tree(), tree());
    let first = commit_id(one.path()).unwrap();
    assert_eq!(first, commit_id(two.path()).unwrap());
    fs::write(two.path().join("a.py"), "x = 3\n").unwrap();
    assert_ne!(first, commit_id(two.path()).unwrap());
}
