//! Git repositories: local ones, and remote ones over git's own protocol.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::server::Server;
use crate::support::{commit, fetcher, git, repository, write};
use swemill_source::{Error, Repository, Result, Source, tree_digest};

const NO_INDEX: &str = "http://127.0.0.1:9/simple/";

async fn fetch(place: &Path, spec: &str, revision: Option<&str>) -> Result<Repository> {
    let source: Source = spec.parse()?;
    let tree = tempfile::Builder::new()
        .prefix("tree-")
        .tempdir_in(place)
        .unwrap()
        .keep();
    fetcher(place, NO_INDEX)
        .fetch(&source, revision, &tree)
        .await
}

fn read(repository: &Repository, path: &str) -> String {
    std::fs::read_to_string(repository.tree.join(path)).unwrap()
}

/// A repository with two commits, a branch and two tags; returns the commits.
fn history(folder: &Path) -> (String, String) {
    let first = repository(
        folder,
        &[("m.py", "first\n"), ("sub/crlf.txt", "a\r\nb\r\n")],
    );
    git(folder, &["tag", "-a", "v1.0", "-m", "one"]);
    let second = commit(folder, &[("m.py", "second\n")]);
    git(folder, &["branch", "other", "HEAD~1"]);
    (first, second)
}

#[tokio::test]
async fn a_local_repository_gives_its_head_and_leaves_what_is_not_committed() {
    let place = tempfile::tempdir().unwrap();
    let origin = place.path().join("origin");
    let (_, second) = history(&origin);
    write(&origin, &[("m.py", "dirty\n"), ("untracked.py", "")]);
    let found = fetch(place.path(), origin.to_str().unwrap(), None)
        .await
        .unwrap();
    assert_eq!(found.commit, second);
    assert_eq!(
        (found.owner.as_str(), found.name.as_str()),
        ("local", "origin")
    );
    assert_eq!(read(&found, "m.py"), "second\n");
    assert_eq!(read(&found, "sub/crlf.txt"), "a\r\nb\r\n");
    assert!(!found.tree.join("untracked.py").exists() && !found.tree.join(".git").exists());
    assert!(
        found
            .notices
            .iter()
            .any(|notice| notice.contains("not committed")),
        "{:?}",
        found.notices
    );
    assert_eq!(
        found.version.as_deref(),
        Some(format!("1.1.dev1+g{}", &second[..8]).as_str())
    );
    assert_eq!(found.tree_digest, tree_digest(&found.tree).unwrap());
}

#[tokio::test]
async fn a_branch_a_tag_and_a_commit_are_found_locally_and_remotely() {
    let place = tempfile::tempdir().unwrap();
    let origin = place.path().join("srv/owner/name.git");
    let (first, second) = history(&origin);
    let server = Server::git(&place.path().join("srv"), None);
    let remote = format!("{}/owner/name.git", server.address);
    for spec in [origin.to_str().unwrap(), &remote] {
        for (revision, expected) in [
            ("other", &first),
            ("v1.0", &first),
            ("main", &second),
            (&first[..10], &first),
            (&second, &second),
        ] {
            let found = fetch(place.path(), spec, Some(revision)).await.unwrap();
            assert_eq!(&found.commit, expected, "{spec} {revision}");
            if revision == "v1.0" {
                assert_eq!(found.version.as_deref(), Some("1.0"));
            }
        }
    }
    let found = fetch(place.path(), &format!("{remote}@v1.0"), None)
        .await
        .unwrap();
    assert_eq!(
        (found.owner.as_str(), found.name.as_str()),
        ("owner", "name")
    );
    assert_eq!(found.spec, format!("{remote}#{first}"));
    let again = fetch(place.path(), &found.spec, None).await.unwrap();
    assert_eq!(
        (again.commit, again.tree_digest),
        (found.commit, found.tree_digest)
    );
}

#[tokio::test]
async fn a_remote_branch_is_fetched_without_its_history() {
    let place = tempfile::tempdir().unwrap();
    let origin = place.path().join("srv/o/n");
    let (first, second) = history(&origin);
    let server = Server::git(&place.path().join("srv"), None);
    fetch(
        place.path(),
        &format!("{}/o/n", server.address),
        Some("main"),
    )
    .await
    .unwrap();
    let cached: Vec<_> = std::fs::read_dir(place.path().join("cache/git"))
        .unwrap()
        .map(|item| item.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    assert_eq!(cached.len(), 1, "{cached:?}");
    let cache = git2::Repository::open_bare(&cached[0]).unwrap();
    assert!(cache.find_commit(second.parse().unwrap()).is_ok());
    assert!(
        cache.find_commit(first.parse().unwrap()).is_err(),
        "history was fetched"
    );
}

#[tokio::test]
async fn an_old_commit_is_fetched_even_where_the_server_serves_only_references() {
    let place = tempfile::tempdir().unwrap();
    let origin = place.path().join("srv/o/n");
    let first = repository(&origin, &[("m.py", "1")]);
    commit(&origin, &[("m.py", "2")]);
    git(
        &origin,
        &["config", "uploadpack.allowAnySHA1InWant", "false"],
    );
    let server = Server::git(&place.path().join("srv"), None);
    let found = fetch(
        place.path(),
        &format!("{}/o/n", server.address),
        Some(&first),
    )
    .await
    .unwrap();
    assert_eq!(found.commit, first);
    // What is cached needs no server any more.
    let gone = found.spec.clone();
    let asked = server.seen.lock().unwrap().len();
    fetch(place.path(), &gone, None).await.unwrap();
    assert_eq!(server.seen.lock().unwrap().len(), asked);
}

#[tokio::test]
async fn an_unknown_revision_names_those_that_look_like_it() {
    let place = tempfile::tempdir().unwrap();
    let origin = place.path().join("srv/o/n");
    history(&origin);
    let server = Server::git(&place.path().join("srv"), None);
    for spec in [origin.to_str().unwrap(), &format!("{}/o/n", server.address)] {
        let error = fetch(place.path(), spec, Some("v1.0.1")).await.unwrap_err();
        assert!(
            matches!(&error, Error::Revision { near, .. } if near.contains(&"v1.0".to_owned())),
            "{error}"
        );
        let missing = "0123456789012345678901234567890123456789";
        let error = fetch(place.path(), spec, Some(missing)).await.unwrap_err();
        assert!(matches!(error, Error::Revision { .. }), "{error}");
    }
}

#[tokio::test]
async fn an_empty_and_a_missing_repository_are_told_apart() {
    let place = tempfile::tempdir().unwrap();
    let origin = place.path().join("srv/o/n");
    std::fs::create_dir_all(&origin).unwrap();
    git(&origin, &["init", "-q"]);
    let server = Server::git(&place.path().join("srv"), None);
    for spec in [origin.to_str().unwrap(), &format!("{}/o/n", server.address)] {
        let error = fetch(place.path(), spec, None).await.unwrap_err();
        assert!(matches!(error, Error::EmptyRepository { .. }), "{error}");
    }
    let error = fetch(place.path(), &format!("{}/o/none", server.address), None)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    let error = fetch(place.path(), "file:///nowhere/at/all", None)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    let error = fetch(place.path(), "http://127.0.0.1:9/o/n", None)
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::Network { .. }) && error.is_transient(),
        "{error}"
    );
}

#[tokio::test]
async fn a_password_is_used_from_the_url_and_never_shown() {
    let place = tempfile::tempdir().unwrap();
    let origin = place.path().join("srv/o/n");
    history(&origin);
    // "me:s3cret", in base 64
    let server = Server::git(&place.path().join("srv"), Some("Basic bWU6czNjcmV0"));
    let bare = format!("{}/o/n", server.address);
    let error = fetch(place.path(), &bare, None).await.unwrap_err();
    assert!(matches!(error, Error::NeedsPassword { .. }), "{error}");
    let wrong = bare.replace("http://", "http://me:wrong-s3cret@");
    let error = fetch(place.path(), &wrong, None).await.unwrap_err();
    assert!(matches!(error, Error::NeedsPassword { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("s3cret"));
    let found = fetch(
        place.path(),
        &bare.replace("http://", "http://me:s3cret@"),
        None,
    )
    .await
    .unwrap();
    assert_eq!(found.spec, format!("{bare}#{}", found.commit));
    let kept = std::process::Command::new("grep")
        .args(["-r", "s3cret"])
        .arg(place.path().join("cache"))
        .output()
        .unwrap();
    assert!(kept.stdout.is_empty(), "the cache holds the password");
}

#[tokio::test]
async fn submodules_are_filled_in_and_one_that_is_gone_is_noted() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("srv/o");
    repository(&root.join("inner"), &[("inner.py", "x = 1\n")]);
    repository(&root.join("lost"), &[("lost.py", "")]);
    repository(&root.join("outer"), &[("outer.py", "")]);
    git(
        &root.join("outer"),
        &["submodule", "add", "-q", "../inner", "libs/inner"],
    );
    git(
        &root.join("outer"),
        &["submodule", "add", "-q", "../lost", "libs/lost"],
    );
    commit(&root.join("outer"), &[]);
    std::fs::remove_dir_all(root.join("lost")).unwrap();
    let server = Server::git(&place.path().join("srv"), None);
    for spec in [
        root.join("outer").to_str().unwrap(),
        &format!("{}/o/outer", server.address),
    ] {
        let found = fetch(place.path(), spec, None).await.unwrap();
        assert_eq!(
            read(&found, "libs/inner/inner.py"),
            "x = 1\n",
            "{:?}",
            found.notices
        );
        assert_eq!(found.notices.len(), 1, "{:?}", found.notices);
        assert!(
            found.notices[0].contains("libs/lost"),
            "{:?}",
            found.notices
        );
    }
}

#[tokio::test]
async fn links_modes_and_lfs_pointers_are_treated_as_said() {
    let place = tempfile::tempdir().unwrap();
    let origin = place.path().join("origin");
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
    write(
        &origin,
        &[
            ("a.py", ""),
            ("data.bin", pointer),
            (".gitattributes", "*.py text eol=crlf\n"),
            ("lf.py", "a\nb\n"),
        ],
    );
    std::fs::set_permissions(origin.join("a.py"), std::fs::Permissions::from_mode(0o777)).unwrap();
    symlink("a.py", origin.join("inside")).unwrap();
    symlink("../../etc/passwd", origin.join("outside")).unwrap();
    symlink("/etc/passwd", origin.join("absolute")).unwrap();
    repository(&origin, &[]);
    let found = fetch(place.path(), origin.to_str().unwrap(), None)
        .await
        .unwrap();
    let mode = |name: &str| {
        std::fs::symlink_metadata(found.tree.join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o7777
    };
    assert_eq!((mode("a.py"), mode("data.bin")), (0o755, 0o644));
    assert!(found.tree.join("inside").is_symlink());
    assert!(!found.tree.join("outside").is_symlink() && !found.tree.join("absolute").is_symlink());
    assert_eq!(
        read(&found, "lf.py"),
        "a\nb\n",
        "a filter of the repository had a say"
    );
    let notices = found.notices.join("\n");
    assert!(
        notices.contains("2 links") && notices.contains("1 files are Git LFS"),
        "{notices}"
    );
    let dates = [found.tree.clone(), found.tree.join("a.py")]
        .map(|path| path.metadata().unwrap().modified().unwrap());
    assert_eq!(dates[0], dates[1]);
}
