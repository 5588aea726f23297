//! Whole runs: what they depend on, what they leave alone, and that their patches apply everywhere.

#![expect(
    clippy::unwrap_used,
    reason = "what tests share may fail as loudly as tests"
)]

mod common;

use std::fs;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, Stdio};

use swemill_mutation::{Candidate, Identity, Options, Skipped, patch};

const MODULE: &str = "import os\n\n\ndef f(a, b=1):\n    if a > b and b:\n        return a - b\n    for i in range(a):\n        b += i\n    return [b, a]\n";

fn write(root: &Path, path: &str, content: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn named() -> Options {
    let identity = Identity {
        owner: "pypi".into(),
        name: "package".into(),
        commit: "0123456789".into(),
    };
    Options {
        identity: Some(identity),
        ..common::options("all")
    }
}

fn candidates(root: &Path, options: &Options) -> Vec<Candidate> {
    common::run(root, options).0
}

#[test]
fn neither_threads_nor_the_order_of_creation_show() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let names: Vec<String> = (0..12)
        .map(|number| format!("package/m{number}.py"))
        .collect();
    for name in &names {
        write(
            one.path(),
            name,
            &MODULE.replace(
                "range",
                name.trim_end_matches(".py").trim_start_matches("package/"),
            ),
        );
    }
    for name in names.iter().rev() {
        write(
            other.path(),
            name,
            &MODULE.replace(
                "range",
                name.trim_end_matches(".py").trim_start_matches("package/"),
            ),
        );
    }
    for max_candidates in [None, Some(40)] {
        let expected = candidates(
            one.path(),
            &Options {
                max_candidates,
                seed: 3,
                ..named()
            },
        );
        let threads = NonZeroUsize::new(8);
        assert_eq!(
            candidates(
                other.path(),
                &Options {
                    max_candidates,
                    seed: 3,
                    threads,
                    ..named()
                }
            ),
            expected
        );
    }
}

#[test]
fn a_sample_is_part_of_the_whole_and_another_seed_is_another_sample() {
    let root = tempfile::tempdir().unwrap();
    (0..5).for_each(|number| write(root.path(), &format!("m{number}.py"), MODULE));
    let all: Vec<String> = candidates(root.path(), &named())
        .into_iter()
        .map(|one| one.id)
        .collect();
    let sample = |seed, count| -> Vec<String> {
        let options = Options {
            seed,
            max_candidates: Some(count),
            ..named()
        };
        candidates(root.path(), &options)
            .into_iter()
            .map(|one| one.id)
            .collect()
    };
    let ten = sample(1, 10);
    assert_eq!(ten.len(), 10);
    assert!(ten.iter().all(|id| all.contains(id)));
    assert!(
        ten.iter().all(|id| sample(1, 20).contains(id)),
        "a larger sample holds the smaller"
    );
    assert_ne!(ten, sample(2, 10));
    assert_eq!(sample(1, usize::MAX), all);
}

#[test]
fn files_and_entities_give_no_more_than_their_share() {
    let root = tempfile::tempdir().unwrap();
    (0..3).for_each(|number| write(root.path(), &format!("m{number}.py"), MODULE));
    let options = Options {
        per_file: Some(7),
        ..named()
    };
    let found = candidates(root.path(), &options);
    for number in 0..3 {
        assert_eq!(
            found
                .iter()
                .filter(|one| one.file == format!("m{number}.py"))
                .count(),
            7
        );
    }
    assert_eq!(
        candidates(
            root.path(),
            &Options {
                per_entity: Some(2),
                ..named()
            }
        )
        .len(),
        3 * 2
    );
}

#[test]
fn layouts_of_all_kinds_give_mutants_that_compile_and_apply() {
    let sources = [
        "def f(x):\n  if x > 1:\n    return x\n  else:\n    y = x\n  return y + 1\n",
        "def f(x):\n\tfor i in x:\n\t\tif i: continue\n\t\tx += i\n\treturn x",
        "async def f(x):\r\n    async with x as y:\r\n        await y\r\n    return [z async for z in y if z > 1]\r\n",
        "\u{feff}def f(ä, b): return ä - b; x = 1\nif f: f(1, 2); f(2, 1)\n",
        "class C(A, B):\n    @property\n    def g(self):\n        def inner(a, *, b=2):\n            nonlocal_ = a\n            return inner\n        return inner\n",
        "x = 1 + \\\n    2\nif x: pass\nelif x > 2: x = 3\nelse: x = 4",
        "def f(p):\n    match p:\n        case [a, b] if a > b:\n            return a\n        case {'k': v}:\n            return v\n        case _:\n            return None\n",
        "def f(x):\n    n = 1\n    def g():\n        nonlocal n\n        n += x\n        return n\n    return g() - n\n",
        "def f(x):\n    try:\n        text = '''\nraw\n  lines'''\n    except (A, B) as e:\n        raise C(text) from e\n    finally:\n        x.close()\n    while x:\n        x -= 1\n    else:\n        return f\"{x!r:>{10}} {text}\"\n\x0c\ndef g(*a, **k): return f(*a, **k)\n",
    ];
    let root = tempfile::tempdir().unwrap();
    for (number, source) in sources.iter().enumerate() {
        write(root.path(), &format!("a folder/mödule {number}.py"), source);
    }
    let (found, summary) = common::run(root.path(), &named());
    assert_eq!(summary.mutated, sources.len(), "{summary:?}");
    let mut mutants = Vec::new();
    for candidate in &found {
        let original = fs::read_to_string(root.path().join(&candidate.file)).unwrap();
        let mutated = patch::apply(&original, &candidate.patch).unwrap();
        for tool in [&["git", "apply", "-"][..], &["patch", "-p1", "-s", "-F0"]] {
            assert!(
                pipe(root.path(), tool, &candidate.patch),
                "{tool:?} refuses\n{}",
                candidate.patch
            );
            assert_eq!(
                fs::read_to_string(root.path().join(&candidate.file)).unwrap(),
                mutated
            );
            fs::write(root.path().join(&candidate.file), &original).unwrap();
        }
        mutants.push(mutated);
    }
    let failures = common::compile_all(&mutants);
    assert!(
        failures.is_empty(),
        "{failures:?}\n{}",
        found[failures[0].0].patch
    );
}

fn pipe(root: &Path, command: &[&str], input: &str) -> bool {
    let mut child = Command::new(command[0])
        .args(&command[1..])
        .current_dir(root)
        .stdin(Stdio::piped())
        .spawn()
        .expect("these tests need git and patch");
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait().unwrap().success()
}

#[test]
fn only_the_package_itself_is_mutated() {
    let root = tempfile::tempdir().unwrap();
    let real = [
        "src/pkg/core.py",
        "src/pkg/tools/a.py",
        "src/pkg/testing.py",
        "script.py",
    ];
    for path in real {
        write(root.path(), path, MODULE);
    }
    write(root.path(), "src/pkg/__init__.py", "");
    write(
        root.path(),
        "src/pkg/tests.py",
        "def test_odd(value):\n    return value % 2 == 1\n",
    );
    write(
        root.path(),
        "src/pkg/tests/test_core.py",
        "def test_f():\n    assert f(1) == 2\n",
    );
    for path in [
        "src/pkg/_vendor/six.py",
        "docs/conf.py",
        "examples/a.py",
        "setup.py",
        "conftest.py",
        "tests/helpers.py",
        "test_root.py",
        ".tox/a.py",
        "build/lib/pkg/core.py",
        "pkg.egg-info/a.py",
        "src/pkg/__pycache__/a.py",
    ] {
        write(root.path(), path, MODULE);
    }
    write(root.path(), "src/pkg/old.py", "print 'hello'\n");
    fs::write(root.path().join("src/pkg/latin.py"), b"x = '\xe9'\n").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(root.path().join("script.py"), root.path().join("link.py")).unwrap();
    let (found, summary) = common::run(root.path(), &named());
    let mut files: Vec<&str> = found.iter().map(|one| one.file.as_str()).collect();
    files.dedup();
    assert_eq!(
        files,
        [
            "script.py",
            "src/pkg/core.py",
            "src/pkg/testing.py",
            "src/pkg/tests.py",
            "src/pkg/tools/a.py"
        ]
    );
    let skipped = |reason| summary.skipped.get(&reason).copied().unwrap_or(0);
    assert_eq!(skipped(Skipped::NotPython3), 1);
    assert_eq!(skipped(Skipped::NotUtf8), 1);
    assert_eq!(skipped(Skipped::Vendored), 1);
    assert_eq!(skipped(Skipped::Test), 4);
    assert_eq!(skipped(Skipped::Tooling), 4);
}

#[test]
fn entities_are_named_as_python_names_them() {
    let root = tempfile::tempdir().unwrap();
    write(
        root.path(),
        "m.py",
        "X = 1 + 2\n\n\nclass P:\n    def parse(self):\n        def inner(a):\n            return a - 1\n        return inner\n",
    );
    let found = candidates(
        root.path(),
        &Options {
            strategies: "op".parse().unwrap(),
            ..named()
        },
    );
    let entity = |line| {
        found
            .iter()
            .find(|one| one.line == line)
            .map(|one| one.entity.as_str())
    };
    assert_eq!(entity(1), Some("<module>"));
    assert_eq!(entity(7), Some("P.parse.<locals>.inner"));
}

#[test]
fn arid_places_are_left_alone() {
    let root = tempfile::tempdir().unwrap();
    write(
        root.path(),
        "m.py",
        "\"\"\"Doc 1.\"\"\"\n__all__ = ['a', 'b']\n__version__ = '1.0'\nif TYPE_CHECKING:\n    x = 1 + 2\nx: 'int | None'\n\n\ndef f(a: int | str) -> int | str:\n    \"\"\"Doc 2.\"\"\"\n\n\nif __name__ == '__main__':\n    print(1 + 2)\n",
    );
    assert_eq!(candidates(root.path(), &named()), []);
}

#[test]
fn a_folder_that_is_not_there_is_an_error_that_says_so() {
    let error =
        swemill_mutation::mutate("/does/not/exist".as_ref(), &Options::default(), &mut |_| {})
            .unwrap_err();
    assert!(error.to_string().contains("/does/not/exist"), "{error}");
}
