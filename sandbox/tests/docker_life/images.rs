//! Images: what they are made of, and that they are made again when they are gone.

use swemill_sandbox::{Backend, Tree, Upper};

use super::life::docker;
use crate::conformance::{Host, shell, small, succeed};
use crate::engine;

/// The names of the images whose environment has this digest.
fn images_of(digest: &str) -> Vec<String> {
    let filter = format!("label=swemill.digest={digest}");
    let names = docker(&[
        "images",
        "--filter",
        &filter,
        "--format",
        "{{.Repository}}:{{.Tag}}",
    ]);
    names.lines().map(str::to_owned).collect()
}

fn remove(digest: &str) {
    for name in images_of(digest) {
        docker(&["rmi", "--force", &name]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_spec_gives_one_image_with_labels_and_shared_layers() {
    let Some(backend) = engine().await else {
        return;
    };
    let host = Host::new(Box::new(backend.clone())).await;
    let mut spec = host.spec();
    spec.digest = "test-one-image".into();
    spec.labels
        .insert("source".into(), "pypi:made-up==1".into());
    spec.labels.insert("licence".into(), "MIT".into());
    backend.prepare(&spec).await.unwrap();
    backend.prepare(&spec).await.unwrap();
    let images = images_of(&spec.digest);
    assert_eq!(images.len(), 1, "{images:?}");
    let labels = docker(&["inspect", "--format", "{{json .Config.Labels}}", &images[0]]);
    for label in [
        "\"swemill.digest\":\"test-one-image\"",
        "\"swemill.source\":\"pypi:made-up==1\"",
        "\"swemill.licence\":\"MIT\"",
        "\"swemill.kind\":\"environment\"",
    ] {
        assert!(labels.contains(label), "{labels}");
    }
    let layers =
        |name: &str| docker(&["inspect", "--format", "{{join .RootFS.Layers \" \"}}", name]);
    let base = layers(&crate::options().base_image);
    assert!(layers(&images[0]).starts_with(&base));
    // Whoever starts the image by hand finds the repository in its place.
    let listed = docker(&[
        "run",
        "--rm",
        "--network",
        "none",
        &images[0],
        "ls",
        "/testbed",
    ]);
    assert_eq!(listed, "folder\nhello.txt");
    remove(&spec.digest);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_that_was_removed_is_made_again() {
    let Some(backend) = engine().await else {
        return;
    };
    let host = Host::new(Box::new(backend.clone())).await;
    let mut spec = host.spec();
    spec.digest = "test-made-again".into();
    let environment = backend.prepare(&spec).await.unwrap();
    remove(&spec.digest);
    let sandbox = backend.start(&environment, &small()).await.unwrap();
    assert_eq!(succeed(&*sandbox, shell("cat hello.txt")).await, "hello\n");
    sandbox.stop().await.unwrap();
    remove(&spec.digest);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_tree_is_a_copy_that_can_be_written() {
    let Some(backend) = engine().await else {
        return;
    };
    let host = Host::new(Box::new(backend.clone())).await;
    let mut spec = host.spec();
    spec.digest = "test-second-tree".into();
    spec.trees.push(Tree {
        target: "/opt/venv".into(),
        lower: vec![host.layer()],
        upper: Upper::Memory,
    });
    let sandbox = host.start_with(&spec, &small()).await;
    let script = "cat /opt/venv/hello.txt && echo x > /opt/venv/folder/new && ls /opt/venv/folder";
    assert_eq!(
        succeed(&*sandbox, shell(script)).await,
        "hello\ninner.txt\nnew\n"
    );
    sandbox.stop().await.unwrap();
    remove(&spec.digest);
}
