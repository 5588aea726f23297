//! Engines that hang or refuse: errors that say what happened and what to do. (`tests/attacks` kills one in mid-run.)

use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use swemill_sandbox::docker::Options;
use swemill_sandbox::{DockerBackend, Error};
use tempfile::TempDir;

use crate::conformance::Host;
use crate::{engine, options};

#[tokio::test]
async fn an_engine_that_never_answers_is_given_up_and_named() {
    let folder = TempDir::new().unwrap();
    let socket = folder.path().join("hung.sock");
    let _hung = UnixListener::bind(&socket).unwrap();
    let began = Instant::now();
    let hung = Options {
        host: Some(format!("unix://{}", socket.display())),
        ..options()
    };
    let error = DockerBackend::connect(hung).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    assert!(error.to_string().contains("did not answer"), "{error}");
    assert!(error.to_string().contains("hung.sock"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn an_unknown_runtime_and_a_missing_base_are_refused_with_a_remedy() {
    if engine().await.is_none() {
        return;
    }
    let odd = Options {
        runtime: Some("no-such-runtime".into()),
        ..options()
    };
    let error = DockerBackend::connect(odd).await.unwrap_err();
    assert!(error.to_string().contains("docker_runtime"), "{error}");
    let bare = Options {
        base_image: "swemill/no-such-base:1".into(),
        ..options()
    };
    let backend = DockerBackend::connect(bare).await.unwrap();
    let host = Host::new(Box::new(backend)).await;
    let error = host.backend.prepare(&host.spec()).await.unwrap_err();
    assert!(
        error.to_string().contains("swemill image bootstrap"),
        "{error}"
    );
}
