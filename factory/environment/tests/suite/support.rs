//! Small repositories and a builder for them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use swemill_environment::{BuildFailure, Builder, Built, Options, Project};
use swemill_harness::{Request, TestRun};
use swemill_sandbox::native::{Launcher, NativeBackend};
use swemill_sandbox::{Backend, Limits};
use tempfile::TempDir;

/// One repository, one builder.
pub(crate) struct Situation {
    tree: TempDir,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) options: Options,
}

impl Situation {
    /// A repository of these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let tree = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = tree.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let backend = NativeBackend::new(Launcher {
            program: env!("CARGO_BIN_EXE_swemill-environment-test-init").into(),
            arguments: Vec::new(),
        });
        Self {
            tree,
            backend: Arc::new(backend),
            options: Options::default(),
        }
    }

    pub(crate) fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.options.limits);
        self
    }

    pub(crate) fn project(&self) -> Project {
        Project {
            tree: self.tree.path().to_owned(),
            name: "example".into(),
            commit: "0".repeat(40),
            version: Some("1.2.3".into()),
            released: None,
            tree_digest: swemill_source::tree_digest(self.tree.path()).unwrap(),
        }
    }

    pub(crate) async fn builder(&self) -> Builder {
        Builder::with_options(home(), self.backend.clone(), self.options.clone())
            .await
            .unwrap()
    }

    pub(crate) async fn build(&self) -> Result<Built, BuildFailure> {
        self.builder().await.build(&self.project(), &|_| ()).await
    }

    /// Runs the tests, after replacing files.
    pub(crate) async fn test(&self, built: &Built, changes: &[(&str, &str)]) -> TestRun {
        let environment = self.backend.prepare(&built.spec()).await.unwrap();
        let sandbox = self
            .backend
            .start(&environment, &Limits::default())
            .await
            .unwrap();
        for (path, text) in changes {
            let path = Path::new(swemill_environment::TESTBED).join(path);
            sandbox.write(&path, text.as_bytes(), false).await.unwrap();
        }
        let request = Request::all(Duration::from_mins(2));
        swemill_harness::run(&*sandbox, &built.recipe.test_command, &request)
            .await
            .unwrap()
    }
}

/// One data folder for all tests: they share uv and its cache as repositories do.
pub(crate) fn home() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("environment-home")
}
