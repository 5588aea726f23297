//! Plain folders.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use swemill_source::{Error, Repository, Result, Source, require_python};

use crate::support::{fetcher, write};

async fn fetch(place: &Path, folder: &Path) -> Result<Repository> {
    let tree = tempfile::Builder::new()
        .prefix("tree-")
        .tempdir_in(place)
        .unwrap()
        .keep();
    let source: Source = folder.to_str().unwrap().parse()?;
    fetcher(place, "http://127.0.0.1:9/simple/")
        .fetch(&source, None, &tree)
        .await
}

#[tokio::test]
async fn a_folder_is_copied_without_caches_environments_and_ignored_files() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("my project");
    write(
        &folder,
        &[
            ("pkg/a.py", "x = 1\n"),
            ("pkg/__pycache__/a.cpython-312.pyc", "x"),
            ("stray.pyc", "x"),
            (".tox/py/x.py", "x"),
            ("my-env/pyvenv.cfg", "home = /usr\n"),
            ("my-env/lib/x.py", "x"),
            (".gitignore", "build/\n"),
            ("build/lib/a.py", "x"),
            (".github/workflows/ci.yml", "on: push\n"),
            (
                "pyproject.toml",
                "[project]\nname = \"x\"\nversion = \"4.5\"\nlicense = \"MIT\"\n",
            ),
        ],
    );
    symlink("/etc/passwd", folder.join("out")).unwrap();
    symlink("pkg", folder.join("in")).unwrap();
    let found = fetch(place.path(), &folder).await.unwrap();
    assert_eq!(
        (found.owner.as_str(), found.name.as_str()),
        ("local", "my-project")
    );
    assert_eq!(found.version.as_deref(), Some("4.5"));
    assert_eq!(found.licence.expression.as_deref(), Some("MIT"));
    let mut names: Vec<String> = fs::read_dir(&found.tree)
        .unwrap()
        .map(|item| item.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [".github", ".gitignore", "in", "pkg", "pyproject.toml"]
    );
    assert!(!found.tree.join("pkg/__pycache__").exists());
    assert!(found.notices[0].contains("1 links"), "{:?}", found.notices);
}

#[tokio::test]
async fn the_commit_of_a_folder_is_a_function_of_its_content() {
    let place = tempfile::tempdir().unwrap();
    let mut commits = Vec::new();
    for (name, text) in [("one", "x"), ("two", "x"), ("three", "y")] {
        let folder = place.path().join(name);
        write(&folder, &[("a.py", text), ("b/c.py", "z")]);
        commits.push(fetch(place.path(), &folder).await.unwrap().commit);
    }
    assert_eq!(commits[0], commits[1]);
    assert_ne!(commits[0], commits[2]);
    assert_eq!(commits[0].len(), 40);
}

#[tokio::test]
async fn a_destination_in_use_is_left_alone() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("folder");
    write(&folder, &[("a.py", "")]);
    let destination = place.path().join("used");
    write(&destination, &[("precious", "mine")]);
    let source: Source = folder.to_str().unwrap().parse().unwrap();
    let error = fetcher(place.path(), "http://127.0.0.1:9/")
        .fetch(&source, None, &destination)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Destination { .. }), "{error}");
    assert_eq!(
        fs::read_to_string(destination.join("precious")).unwrap(),
        "mine"
    );
    let error = fetcher(place.path(), "http://127.0.0.1:9/")
        .fetch(&source, Some("main"), &place.path().join("new"))
        .await;
    assert!(matches!(error, Err(Error::Spec { .. })));
    assert!(!place.path().join("new").exists());
}

#[test]
fn a_tree_without_modules_is_not_python() {
    let place = tempfile::tempdir().unwrap();
    write(place.path(), &[("main.go", "package main\n"), ("py", "")]);
    let error = require_python("https://x.example/a/b", place.path()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("https://x.example/a/b is not Python"),
        "{error}"
    );
    write(place.path(), &[("deep/down/m.py", "")]);
    require_python("x", place.path()).unwrap();
}
