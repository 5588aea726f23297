//! Tests are hidden one by one: what is left parses, and runs as before.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{PROJECT, instances};
use crate::support::Home;

/// Tests of every kind. `label` is what breaks; tests with `other` in their name do not see it.
const TESTS: &[(&str, &str)] = &[
    (
        "tests/base.py",
        "from labels import label\n\n\nclass Common:\n    value = 1\n\n    def test_common_label(self):\n        assert len(label(self.value)) == 19\n\n\
         \x20   def test_common_other(self):\n        assert self.value\n\n\nclass Shared:\n    ending = 'zq-canary-7f3a91c4'\n\n\
         \x20   def test_shared(self):\n        assert self.label(1) == '1' + self.ending\n",
    ),
    (
        "tests/test_inherits.py",
        "from labels import label\nfrom tests.base import Common, Shared\n\n\nclass TestOne(Common):\n    value = 2\n\n\n\
         class TestTwo(Common):\n    value = 3\n\n\nclass TestBreaks(Shared):\n    def label(self, value):\n        return label(value)\n\n\n\
         class TestOther(Shared):\n    ending = ''\n\n    def label(self, value):\n        return str(value)\n",
    ),
    ("tests/__init__.py", ""),
    (
        "tests/test_unit.py",
        "import unittest\n\nfrom labels import label, shout\n\n\nclass Cases(unittest.TestCase):\n    def setUp(self):\n        self.value = 1\n\n\
         \x20   def test_label(self):\n        self.assertEqual(len(label(self.value)), 19)\n\n    def test_other(self):\n        self.assertEqual(shout('a'), 'A')\n\n\n\
         class Only(unittest.TestCase):\n    def test_label(self):\n        self.assertEqual(len(label(1)), 19)\n",
    ),
    (
        "tests/test_odd.py",
        "import pytest\n\nfrom labels import label, shout\n\n\ndef test_used_label():\n    assert len(label(1)) == 19\n    return None\n\n\n\
         def test_other_uses():\n    assert test_used_label.__name__\n\n\nclass TestOuter:\n    class TestInner:\n        @pytest.mark.parametrize('a', [1, 2])\n\
         \x20       @pytest.mark.parametrize('b', [1])\n        def test_label(self, a, b):\n            assert len(label(a)) == 19\n\n\
         \x20   def test_other(self):\n        assert shout('b') == 'B'\n\n\nif True:\n    def test_label_under_if():\n        assert len(label(1)) == 19\n",
    ),
];

/// Compiles every file of the tests and prints which tests pytest finds and how they end.
const LOOK: &str = r#"
import os, subprocess, sys
for top, _, names in os.walk("tests"):
    for name in names:
        if name.endswith(".py"):
            compile(open(os.path.join(top, name)).read(), name, "exec")
done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "tests"], stdout=subprocess.PIPE)
for line in done.stdout.decode().splitlines():
    if line.split(" ")[0] in ("PASSED", "FAILED", "ERROR"):
        print(line)
"#;

#[test]
fn every_hidden_test_is_gone_and_every_other_test_runs_as_before() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    let files: Vec<_> = PROJECT.iter().chain(TESTS).copied().collect();
    let all = instances(&home, folder.path(), &files);
    let instance = all
        .iter()
        .find(|instance| instance["patch"].as_str().unwrap().contains(super::CANARY))
        .unwrap();
    let id = instance["id"].as_str().unwrap();
    let report = home.succeed(&["enter", id, "--json"]).json();
    let (fails, passes) = (
        ids(&instance["fail_to_pass"]),
        ids(&instance["pass_to_pass"]),
    );
    assert!(fails.len() >= 11, "{fails:?}");
    // One is used by a test that stays, and says so.
    let left: Vec<&str> = report["left"]
        .as_array()
        .unwrap()
        .iter()
        .map(|left| left["id"].as_str().unwrap())
        .collect();
    assert_eq!(left, ["tests/test_odd.py::test_used_label"], "{report}");
    let said = home.run(&["enter", id, "--", "python", "-c", LOOK]);
    assert_eq!(said.code, Some(0), "{}", said.text());
    let there = |word: &str| -> BTreeSet<String> {
        let lines = said.stdout.lines();
        lines
            .filter_map(|line| line.strip_prefix(word)?.split(" - ").next())
            .map(|id| id.trim().to_owned())
            .collect()
    };
    assert_eq!(there("PASSED"), passes, "{}", said.text());
    assert_eq!(there("ERROR"), BTreeSet::new(), "{}", said.text());
    let left: BTreeSet<String> = left.into_iter().map(str::to_owned).collect();
    assert_eq!(there("FAILED"), left, "{}", said.text());
    let source = home.run(&[
        "enter",
        id,
        "--",
        "cat",
        "tests/base.py",
        "tests/test_inherits.py",
        "tests/test_unit.py",
        "tests/test_label.py",
    ]);
    let text = source.stdout;
    // Everyone who inherits this one has to do without it, so it is gone from the base; the other stays for the class
    // that still passes it.
    assert!(!text.contains("test_common_label"), "{text}");
    assert!(
        text.contains("def test_shared(self)") && text.contains("test_shared = None"),
        "{text}"
    );
    assert!(
        text.contains("class Only(unittest.TestCase):\n    pass\n"),
        "{text}"
    );
    assert!(!text.contains("Only numbers are labelled here"), "{text}");
    assert!(text.contains("def helper(value)"), "{text}");
    // Asked to keep them, it keeps them.
    let kept = home.run(&["enter", id, "--keep-tests", "--", "cat", "tests/base.py"]);
    assert!(kept.stdout.contains("test_common_label"), "{}", kept.text());
}

fn ids(value: &Value) -> BTreeSet<String> {
    let ids = value.as_array().unwrap().iter();
    ids.map(|id| id.as_str().unwrap().to_owned()).collect()
}
