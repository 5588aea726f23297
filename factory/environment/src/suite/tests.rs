use tempfile::TempDir;

use super::*;

fn arguments(files: &[(&str, &str)]) -> Vec<String> {
    let tree: TempDir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = tree.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    detect(tree.path(), &Plan::read(tree.path())).arguments
}

const TEST: &str = "def test_it():\n    pass\n";
const CASE: &str =
    "import unittest\nclass It(unittest.TestCase):\n    def test_it(self):\n        pass\n";

#[test]
fn configured_paths_are_left_to_pytest() {
    let ini = ("pytest.ini", "[pytest]\ntestpaths = checks\n");
    assert_eq!(
        arguments(&[ini, ("checks/test_a.py", TEST), ("other/test_b.py", TEST)]),
        Vec::<String>::new()
    );
}

#[test]
fn configured_paths_that_are_not_there_do_not_count() {
    let toml = (
        "pyproject.toml",
        "[tool.pytest.ini_options]\ntestpaths = ['gone']\n",
    );
    assert_eq!(arguments(&[toml, ("tests/test_a.py", TEST)]), ["tests"]);
}

#[test]
fn folders_of_tests_are_found_at_the_root_in_src_and_in_the_package() {
    let found = arguments(&[
        ("tests/test_a.py", TEST),
        ("src/pkg/tests/test_b.py", TEST),
        ("pkg/test/test_c.py", TEST),
        ("examples/test_d.py", TEST),
        ("test_root.py", TEST),
    ]);
    assert_eq!(
        found,
        ["pkg/test", "src/pkg/tests", "test_root.py", "tests"]
    );
}

#[test]
fn the_paths_of_toxs_command_are_taken() {
    let tox = (
        "tox.ini",
        "[testenv]\ncommands = pytest --cov=x {posargs:checks}\n",
    );
    assert_eq!(
        arguments(&[tox, ("checks/test_a.py", TEST), ("tests/test_b.py", TEST)]),
        ["checks"]
    );
}

#[test]
fn commands_for_the_readme_alone_do_not_hide_the_tests() {
    let tox = (
        "tox.ini",
        "[testenv]\ncommands =\n    pytest README.rst\n    pytest --doctest-modules pkg\n",
    );
    let files = [
        tox,
        ("README.rst", ""),
        ("pkg/a.py", ""),
        ("tests/test_b.py", TEST),
    ];
    assert_eq!(arguments(&files), ["tests"]);
}

#[test]
fn uncommon_names_of_test_files_become_patterns() {
    let found = arguments(&[("pkg/tests.py", CASE), ("suite/io_tests.py", CASE)]);
    assert_eq!(
        found,
        [
            "pkg/tests.py",
            "suite/io_tests.py",
            "-o",
            "python_files=test_*.py *_test.py *_tests.py tests.py"
        ]
    );
}

#[test]
fn a_suite_of_plain_names_is_named_file_by_file() {
    let found = arguments(&[
        ("tests/parser.py", CASE),
        ("tests/__init__.py", ""),
        ("tests/data.py", "X = 1\n"),
    ]);
    assert_eq!(
        found,
        ["tests", "-o", "python_files=test_*.py *_test.py parser.py"]
    );
}

#[test]
fn a_helper_beside_common_names_is_no_test_file() {
    let found = arguments(&[
        ("tests/test_a.py", TEST),
        ("tests/helper.py", "import unittest\n"),
    ]);
    assert_eq!(found, ["tests"]);
}

#[test]
fn configured_file_patterns_are_kept() {
    let cfg = ("setup.cfg", "[tool:pytest]\npython_files = check_*.py\n");
    assert_eq!(arguments(&[cfg, ("tests/check_a.py", CASE)]), ["tests"]);
}

#[test]
fn a_repository_without_tests_gives_pytest_nothing() {
    assert_eq!(
        arguments(&[("pkg/__init__.py", "x = 1\n")]),
        Vec::<String>::new()
    );
}
