//! Writing and reading files from outside.

use std::fs;
use std::path::Path;

use swemill_sandbox::{Error, Sandbox};

use super::{Host, shell, succeed};

async fn unreadable(sandbox: &dyn Sandbox, path: &str) -> String {
    let error = sandbox.read(Path::new(path), 1000).await.unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
    assert!(error.to_string().contains(path), "{error}");
    error.to_string()
}

async fn unwritable(sandbox: &dyn Sandbox, path: &str) {
    let error = sandbox
        .write(Path::new(path), b"x", false)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
}

pub(crate) async fn a_written_file_is_read_back_byte_for_byte(host: &Host) {
    let sandbox = host.start().await;
    let bytes: Vec<u8> = (0..=255).cycle().take(3 << 20).collect();
    let path = Path::new("/testbed/hello.txt");
    for content in [&bytes[..], b"", b"short\n"] {
        sandbox.write(path, content, false).await.unwrap();
        assert_eq!(sandbox.read(path, 4 << 20).await.unwrap(), content);
    }
}

pub(crate) async fn writing_makes_the_folders_above(host: &Host) {
    let sandbox = host.start().await;
    sandbox
        .write(Path::new("/testbed/a/b/c.txt"), b"deep\n", false)
        .await
        .unwrap();
    assert_eq!(succeed(&*sandbox, shell("cat a/b/c.txt")).await, "deep\n");
}

pub(crate) async fn a_written_file_belongs_to_the_commands_user(host: &Host) {
    let sandbox = host.start().await;
    sandbox
        .write(Path::new("/testbed/a/file"), b"", false)
        .await
        .unwrap();
    let output = succeed(&*sandbox, shell("stat -c '%U %a' a a/file; ls -A a")).await;
    assert_eq!(output, "sandbox 755\nsandbox 644\nfile\n");
}

pub(crate) async fn a_file_can_be_written_executable(host: &Host) {
    let sandbox = host.start().await;
    sandbox
        .write(Path::new("/tmp/tool"), b"#!/bin/sh\necho ran\n", true)
        .await
        .unwrap();
    assert_eq!(succeed(&*sandbox, shell("/tmp/tool")).await, "ran\n");
}

pub(crate) async fn a_link_in_the_place_of_a_file_is_replaced_not_followed(host: &Host) {
    let sandbox = host.start().await;
    succeed(&*sandbox, shell("ln -s hello.txt link.txt")).await;
    sandbox
        .write(Path::new("/testbed/link.txt"), b"new\n", false)
        .await
        .unwrap();
    let output = succeed(&*sandbox, shell("cat hello.txt; test ! -L link.txt")).await;
    assert_eq!(output, "hello\n");
}

pub(crate) async fn a_link_to_a_host_file_leads_to_nothing(host: &Host) {
    let secret = host.path("secret");
    fs::write(&secret, "secret").unwrap();
    let sandbox = host.start().await;
    let script = format!(
        "ln -s {} link; ln -s {} above; ln -s /proc/1/root/ root",
        secret.display(),
        host.folder.path().display()
    );
    succeed(&*sandbox, shell(&script)).await;
    unreadable(&*sandbox, "/testbed/link").await;
    unreadable(&*sandbox, "/testbed/above/secret").await;
    unreadable(&*sandbox, "/testbed/root/etc/shadow").await;
    unwritable(&*sandbox, "/testbed/above/secret").await;
    assert_eq!(super::text(&secret), "secret");
}

pub(crate) async fn a_pipe_a_folder_and_a_device_cannot_be_read(host: &Host) {
    let sandbox = host.start().await;
    succeed(&*sandbox, shell("mkfifo pipe")).await;
    for path in ["/testbed/pipe", "/testbed/folder", "/dev/zero", "/dev/tty"] {
        unreadable(&*sandbox, path).await;
    }
    unreadable(&*sandbox, "/testbed/none").await;
}

pub(crate) async fn a_file_larger_than_the_limit_is_an_error(host: &Host) {
    let sandbox = host.start().await;
    let path = Path::new("/testbed/hello.txt");
    assert_eq!(sandbox.read(path, 6).await.unwrap(), b"hello\n");
    let error = sandbox.read(path, 5).await.unwrap_err();
    assert!(error.to_string().contains("larger than 5"), "{error}");
}

pub(crate) async fn a_path_that_is_relative_or_climbs_is_an_error(host: &Host) {
    let sandbox = host.start().await;
    for path in ["hello.txt", "../etc/passwd", "/testbed/../etc/passwd"] {
        unreadable(&*sandbox, path).await;
        unwritable(&*sandbox, path).await;
    }
}

pub(crate) async fn a_read_only_place_cannot_be_written(host: &Host) {
    let sandbox = host.start().await;
    for path in [
        "/usr/planted",
        "/etc/passwd",
        "/planted",
        "/proc/planted",
        "/",
    ] {
        unwritable(&*sandbox, path).await;
    }
}

pub(crate) async fn a_full_disk_is_an_error_and_leaves_no_half_file(host: &Host) {
    let sandbox = host.start().await;
    let too_much = vec![b'x'; 40 << 20];
    let path = Path::new("/testbed/hello.txt");
    let error = sandbox.write(path, &too_much, false).await.unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
    let output = succeed(&*sandbox, shell("ls -A; cat hello.txt")).await;
    assert_eq!(output, "folder\nhello.txt\nhello\n");
}
