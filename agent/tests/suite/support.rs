//! A small repository in real sandboxes, and policies that do as they are told.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use swemill_agent::{
    Action, Agent, AttemptLimits, Completion, ContextOptions, Dialect, Edit, Interface,
    SandboxPlace, Task, lm::Replay,
};
use swemill_sandbox::native::Launcher;
use swemill_sandbox::{
    Backend, EnvironmentSpec, Limits, NativeBackend, Network, Sandbox, Tree, Upper,
};

/// Where the repository is in sandboxes.
pub(crate) const ROOT: &str = "/testbed";

/// `shop/price.py` adds where it should multiply.
pub(crate) const BROKEN: &str = "\
\"\"\"Prices.\"\"\"


def total(price, count):
    \"\"\"What so many cost together.\"\"\"
    return price + count


def discount(price, percent):
    return price - price * percent / 100
";

pub(crate) const TEST: &str = "\
from shop.price import total

assert total(3, 4) == 12, total(3, 4)
print('all is well')
";

/// A git repository whose sandboxes an attempt happens in.
pub(crate) struct Repository {
    folder: tempfile::TempDir,
    backend: Arc<NativeBackend>,
}

impl Repository {
    pub(crate) fn new() -> Self {
        let repository = Self {
            folder: tempfile::tempdir().unwrap(),
            backend: Arc::new(NativeBackend::new(Launcher {
                program: env!("CARGO_BIN_EXE_swemill-agent-test-init").into(),
                arguments: Vec::new(),
            })),
        };
        repository
            .file("shop/__init__.py", "")
            .file("shop/price.py", BROKEN)
            .file("test_price.py", TEST)
            .file(".gitignore", "build/\n*.log\n")
    }

    pub(crate) fn file(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Commits all that is there, as a sealed repository is: one commit.
    pub(crate) async fn place(&self) -> SandboxPlace {
        let has_commit = self.path().join(".git").exists();
        for words in [
            "init -q",
            "add -A",
            "-c user.name=a -c user.email=a@b commit -q -m one",
        ] {
            if has_commit {
                break;
            }
            let git = Command::new("git")
                .current_dir(self.path())
                .args(words.split(' '))
                .status();
            assert!(git.unwrap().success());
        }
        let spec = EnvironmentSpec {
            digest: "shop".to_owned(),
            trees: vec![Tree {
                target: ROOT.into(),
                lower: vec![self.path().to_path_buf()],
                upper: Upper::Memory,
            }],
            mounts: Vec::new(),
            variables: std::collections::BTreeMap::new(),
            network: Network::None,
            working_directory: ROOT.into(),
            labels: std::collections::BTreeMap::new(),
        };
        self.backend.adopt(self.path()).await.unwrap();
        SandboxPlace {
            environment: self.backend.prepare(&spec).await.unwrap(),
            backend: self.backend.clone(),
            limits: Limits::default(),
        }
    }
}

pub(crate) fn task() -> Task {
    Task {
        instance_id: "shop.add__1".to_owned(),
        problem_statement: "`total(3, 4)` is 7.".to_owned(),
    }
}

pub(crate) fn interface(dialect: Dialect) -> Interface {
    Interface::new(dialect, ROOT, None).unwrap()
}

pub(crate) fn bash(command: &str) -> Action {
    Action::Bash {
        command: command.to_owned(),
    }
}

pub(crate) fn replace(old: &str, new: &str) -> Action {
    Action::Edit(Edit {
        command: "str_replace".to_owned(),
        path: "/testbed/shop/price.py".to_owned(),
        old_str: Some(old.to_owned()),
        new_str: Some(new.to_owned()),
        ..Edit::default()
    })
}

/// Answers in a dialect's notation that ask for these actions, one each.
pub(crate) fn answers(dialect: Dialect, actions: &[Action]) -> Vec<Completion> {
    let interface = interface(dialect);
    let numbered = actions.iter().enumerate();
    numbered
        .map(|(index, action)| {
            let thought = format!("Step {index}.");
            interface.write(&thought, action, &format!("call_{index}"))
        })
        .collect()
}

/// An agent that gives these answers.
pub(crate) fn scripted(dialect: Dialect, answers: Vec<Completion>) -> Agent {
    Agent {
        lm: Arc::new(Replay::new("script", answers)),
        interface: Arc::new(interface(dialect)),
        limits: AttemptLimits::default(),
        context: ContextOptions::default(),
    }
}

pub(crate) async fn read(sandbox: &dyn Sandbox, path: &str) -> String {
    let bytes = sandbox.read(Path::new(path), 1 << 20).await.unwrap();
    String::from_utf8(bytes).unwrap()
}
