//! Repositories whose build does harm.

use std::time::Duration;

use swemill_environment::{BuildFailure, Class};

use crate::support::{Situation, home};

fn setup(body: &str) -> Situation {
    let script = format!(
        "{body}\nfrom setuptools import setup\nsetup(name='example', py_modules=['example_module'])\n"
    );
    Situation::new(&[
        ("setup.py", &script),
        ("example_module.py", ""),
        ("tests/test_it.py", "def test_it():\n    pass\n"),
    ])
}

fn assert_ended(failure: &BuildFailure, words: &str) {
    assert_eq!(failure.class, Class::Environment, "{failure}");
    assert!(failure.conclusive, "{failure}\n{}", failure.log);
    assert!(failure.reason.contains(words), "{failure}");
    assert!(!failure.remedy.is_empty());
    let left: Vec<_> = std::fs::read_dir(home().join("packages"))
        .unwrap()
        .flatten()
        .collect();
    assert!(!left.is_empty(), "the shared folder is there");
}

#[tokio::test]
async fn a_setup_py_that_runs_forever_is_ended_and_said_so() {
    let situation =
        setup("while True: pass").limits(|limits| limits.wall = Duration::from_secs(20));
    let failure = situation.build().await.unwrap_err();
    assert_ended(&failure, "still running after");
}

#[tokio::test]
async fn a_setup_py_that_fills_the_disk_is_ended_and_said_so() {
    let body = "import os\nos.makedirs('full', exist_ok=True)\nfor i in range(10**6):\n    open(f'full/{i}', 'wb').write(b'x' * (1 << 20))";
    let situation = setup(body).limits(|limits| limits.disk_bytes = 256 << 20);
    let failure = situation.build().await.unwrap_err();
    assert_ended(&failure, "of 256 MiB allowed");
}

#[tokio::test]
async fn a_setup_py_that_forks_without_end_is_ended_and_said_so() {
    let situation = setup("import os\nwhile True: os.fork()").limits(|limits| {
        limits.processes = 100;
        limits.wall = Duration::from_secs(30);
    });
    let failure = situation.build().await.unwrap_err();
    assert!(failure.conclusive, "{failure}\n{}", failure.log);
}

#[tokio::test]
async fn a_setup_py_sees_neither_the_users_home_nor_other_folders() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    let user = std::env::var("HOME").unwrap();
    let body = format!(
        "import os\nassert not os.path.exists({:?}), 'the secret is seen'\nassert os.path.expanduser('~') != {user:?}\n\
         assert not os.path.exists(os.path.join({user:?}, '.cargo')), 'the home is seen'\n",
        secret.path()
    );
    let built = setup(&body).build().await.unwrap();
    assert_eq!(
        built.recipe.install,
        swemill_environment::Install::Editable,
        "{:#?}",
        built.recipe.notes
    );
}

#[tokio::test]
async fn what_a_setup_py_writes_to_the_cache_is_dropped() {
    let mark = "swemill-test-mark";
    let body = format!(
        "import os\nopen(os.path.join(os.environ['UV_CACHE_DIR'], '{mark}'), 'w').write('x')\n"
    );
    setup(&body).build().await.unwrap();
    assert!(!home().join("packages/cache").join(mark).exists());
}
