//! Sandboxes that show another system's programs: those of the base image, so that both backends run the same bits.

use std::fs;
use std::path::Path;
use std::process::Command;

use swemill_sandbox::NativeBackend;
use swemill_sandbox::docker::DEFAULT_BASE;
use tempfile::TempDir;

use crate::conformance::{Host, python, shell, succeed};
use crate::launcher;

fn sh(script: &str) -> Option<String> {
    let output = Command::new("sh").args(["-c", script]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

#[expect(clippy::print_stderr, reason = "a test that is skipped has to say so")]
/// Unpacks the base image, if there is an engine that has it.
fn unpack_base(folder: &Path) -> bool {
    let script = format!(
        "id=$(docker create {DEFAULT_BASE} true) && docker export $id | tar -x -C {folder}; docker rm $id >/dev/null; \
         test -d {folder}/usr",
        folder = folder.display()
    );
    let unpacked = sh(&script).is_some();
    let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(unpacked || !in_ci, "there is no engine with {DEFAULT_BASE}");
    if !unpacked {
        eprintln!("SKIPPED, nothing was tested: there is no engine with {DEFAULT_BASE}");
    }
    unpacked
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_base_images_system_is_shown_and_cannot_be_written() {
    let folder = TempDir::new().unwrap();
    if !unpack_base(folder.path()) {
        return;
    }
    fs::write(folder.path().join("usr/share/marker"), "another system\n").unwrap();
    // What would lead out of it is left out.
    let table = folder.path().join("etc/mime.types");
    let _ = fs::remove_file(&table);
    std::os::unix::fs::symlink("/etc/hostname", &table).unwrap();
    let backend = NativeBackend::new(launcher())
        .showing(folder.path())
        .unwrap();
    let host = Host::new(Box::new(backend)).await;
    let sandbox = host.start().await;
    let script = "cat /usr/share/marker; test ! -e /etc/mime.types; touch /usr/share/new 2>/dev/null || echo refused";
    assert_eq!(
        succeed(&*sandbox, shell(script)).await,
        "another system\nrefused\n"
    );
    let program = "import sqlite3, ssl, ctypes, lzma, bz2, zlib; print('whole')";
    assert_eq!(succeed(&*sandbox, python(program)).await, "whole\n");
}

#[test]
fn a_folder_without_a_system_is_refused() {
    let folder = TempDir::new().unwrap();
    let error = NativeBackend::new(launcher())
        .showing(folder.path())
        .unwrap_err();
    assert!(error.to_string().contains("no folder `usr`"), "{error}");
}
