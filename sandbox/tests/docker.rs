//! The conformance suite against the Docker backend, and what is particular to it.
//!
//! Needs an engine with the base image. Where there is none the tests say so and do nothing, except under
//! `CI=true`, where that is a failure.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on has failed; helpers are not test functions to clippy, and a test that is \
              skipped has to say so"
)]

mod conformance;
mod docker_life;

use swemill_sandbox::docker::{DEFAULT_BASE, Options, Probe};
use swemill_sandbox::native::Launcher;
use swemill_sandbox::{Backend, DockerBackend};

/// How these tests make containers.
pub(crate) fn options() -> Options {
    Options {
        base_image: std::env::var("SWEMILL_DOCKER_BASE_IMAGE")
            .unwrap_or_else(|_| DEFAULT_BASE.into()),
        launcher: Launcher {
            program: env!("CARGO_BIN_EXE_swemill-sandbox-init").into(),
            arguments: Vec::new(),
        },
        ..Options::default()
    }
}

/// The backend, if there is an engine; says why the test is skipped otherwise.
pub(crate) async fn engine() -> Option<DockerBackend> {
    let options = options();
    let usable = async {
        Probe::look(&options).await?.usable(&options)?;
        DockerBackend::connect(options.clone()).await
    };
    match usable.await {
        Ok(backend) => Some(backend),
        Err(error) if std::env::var("CI").is_ok_and(|ci| ci == "true") => panic!("{error}"),
        Err(error) => {
            eprintln!("SKIPPED, nothing was tested: {error}");
            None
        }
    }
}

async fn docker() -> Option<Box<dyn Backend>> {
    Some(Box::new(engine().await?))
}

mod with_an_engine {
    crate::conformance_suite!(crate::docker);
}
