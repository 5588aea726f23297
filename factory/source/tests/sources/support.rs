//! What the tests share: git repositories made on the spot, and fetchers with quick limits.

use std::path::Path;
use std::process::Command;

use swemill_source::{Fetcher, Limits, Settings};

/// Runs git in a folder, with a fixed author and no configuration of this machine.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .args([
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@t",
            "-c",
            "protocol.file.allow=always",
        ])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Writes files into a folder.
pub(crate) fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let place = folder.join(path);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, text).unwrap();
    }
}

/// Makes a git repository of these files with one commit.
pub(crate) fn repository(folder: &Path, files: &[(&str, &str)]) -> String {
    std::fs::create_dir_all(folder).unwrap();
    git(folder, &["init", "-q", "-b", "main"]);
    commit(folder, files)
}

/// Adds a commit with these files.
pub(crate) fn commit(folder: &Path, files: &[(&str, &str)]) -> String {
    write(folder, files);
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "--allow-empty", "-m", "change"]);
    git(folder, &["rev-parse", "HEAD"])
}

/// Settings that name one index, and quick limits.
pub(crate) fn settings(index: &str) -> Settings {
    let index = index.to_owned();
    Settings::gather(&move |name| (name == "UV_DEFAULT_INDEX").then(|| index.clone())).unwrap()
}

/// Limits under which a failing test ends soon.
pub(crate) fn limits() -> Limits {
    Limits {
        stall: std::time::Duration::from_secs(2),
        tries: 2,
        ..Limits::default()
    }
}

/// A fetcher for an index, with its cache in a folder.
pub(crate) fn fetcher(place: &Path, index: &str) -> Fetcher {
    Fetcher::new(place.join("cache"), settings(index), limits())
}
