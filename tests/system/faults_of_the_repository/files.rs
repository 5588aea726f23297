//! Repositories with odd files in them.

use std::fs;

use super::{refused, run, verdict};
use crate::support::{Home, SOUND, project};

#[test]
fn files_that_python_cannot_read_are_passed_over_and_the_rest_is_worked_on() {
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    let source = project(folder.path(), SOUND);
    fs::write(source.join("broken.py"), "def f(:\n    return 1 +\n").unwrap();
    fs::write(
        source.join("bytes.py"),
        b"def g():\n    return '\xff\xfe'\n",
    )
    .unwrap();
    let latin = b"# -*- coding: latin-1 -*-\ndef h(x):\n    return x + '\xe9'\n";
    fs::write(source.join("latin.py"), latin).unwrap();
    let said = run(&home, &source, &[]);
    assert_eq!(said.code, Some(0), "{}", said.text());
    assert!(verdict(&said)["instances"].as_u64().unwrap() > 0);
    let files = home.rows("SELECT DISTINCT file FROM candidates");
    assert_eq!(files, [serde_json::json!({"file": "sums.py"})]);
    home.leaves_nothing();
}

#[test]
fn a_file_with_crlf_line_ends_is_mutated_and_its_patches_apply_with_git() {
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    let source = project(folder.path(), SOUND);
    let original = fs::read_to_string(source.join("sums.py"))
        .unwrap()
        .replace('\n', "\r\n");
    fs::write(source.join("sums.py"), &original).unwrap();
    let said = run(&home, &source, &[]);
    assert_eq!(said.code, Some(0), "{}", said.text());
    let rows = String::from_utf8(home.exported()).unwrap();
    assert!(!rows.is_empty());
    for row in rows.lines() {
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        let patch = folder.path().join("break.diff");
        fs::write(&patch, row["patch"].as_str().unwrap()).unwrap();
        let git = |reverse: &[&str]| {
            let mut git = std::process::Command::new("git");
            git.current_dir(&source).arg("apply").args(reverse);
            assert!(git.arg(&patch).status().unwrap().success(), "{row}");
            fs::read_to_string(source.join("sums.py")).unwrap()
        };
        let broken = git(&[]);
        assert_ne!(broken, original, "{row}");
        assert_eq!(
            broken.matches('\n').count(),
            broken.matches("\r\n").count(),
            "a line lost its end: {row}"
        );
        assert_eq!(git(&["--reverse"]), original, "{row}");
    }
    home.leaves_nothing();
}

#[test]
fn links_out_of_the_tree_show_nothing_of_the_host() {
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret.py");
    fs::write(&secret, "PASSWORD = 'canary-5f2a'\n").unwrap();
    let source = project(&folder.path().join("sums"), SOUND);
    // Whether such a repository is taken without its links or refused, what they point to stays outside.
    std::os::unix::fs::symlink(&secret, source.join("absolute.py")).unwrap();
    std::os::unix::fs::symlink("../secret.py", source.join("climbing.py")).unwrap();
    std::os::unix::fs::symlink("sums.py", source.join("inside.py")).unwrap();
    let said = run(&home, &source, &[]);
    if said.code == Some(1) {
        refused(&home, &said, "environment", &["absolute.py", "link"]);
    } else {
        assert_eq!(said.code, Some(0), "{}", said.text());
        let files = home.rows("SELECT DISTINCT file FROM candidates");
        assert_eq!(files, [serde_json::json!({"file": "sums.py"})]);
    }
    let mut grep = std::process::Command::new("grep");
    grep.args(["-r", "--files-with-matches", "canary-5f2a"]);
    let found = grep
        .args(["trees", "environments"])
        .current_dir(home.path())
        .output()
        .unwrap();
    assert!(found.stdout.is_empty(), "{found:?}");
    home.leaves_nothing();
}
