use std::path::Path;

use tempfile::TempDir;

use super::*;

/// A tree with these files.
fn tree(files: &[(&str, &str)]) -> TempDir {
    let tree = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = tree.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    tree
}

fn plan(files: &[(&str, &str)]) -> Plan {
    Plan::read(tree(files).path())
}

#[test]
fn pep_621_extras_and_classifiers_are_read() {
    let plan = plan(&[(
        "pyproject.toml",
        r#"
        [project]
        name = "Example"
        requires-python = ">=3.9"
        dependencies = ["alpha>=1"]
        classifiers = ["Programming Language :: Python :: 3", "Programming Language :: Python :: 3.12"]
        [project.optional-dependencies]
        tests = ["pytest", "beta"]
        docs = ["sphinx"]
        "#,
    )]);
    assert_eq!(plan.distribution.as_deref(), Some("Example"));
    assert_eq!(plan.requires_python, [">=3.9"]);
    assert_eq!(plan.claimed_pythons, [(3, 12)]);
    assert_eq!(plan.dependencies, ["alpha>=1"]);
    assert_eq!(plan.test_extras(), ["tests"]);
    assert!(plan.installable && !plan.asks_backend);
}

#[test]
fn dynamic_dependencies_are_the_backends_to_tell() {
    let plan = plan(&[(
        "pyproject.toml",
        "[project]\nname = 'x'\ndynamic = ['dependencies', 'version']\n[build-system]\nbuild-backend = 'b'\n",
    )]);
    assert!(plan.asks_backend);
}

#[test]
fn dependency_groups_include_others_and_circles_end() {
    let plan = plan(&[(
        "pyproject.toml",
        r#"
        [project]
        name = "x"
        [dependency-groups]
        tests = ["pytest", {include-group = "base"}]
        base = ["gamma", {include-group = "tests"}]
        lint = ["ruff"]
        "#,
    )]);
    assert_eq!(plan.test_requirements(), ["pytest", "gamma"]);
}

#[test]
fn development_places_count_when_none_is_named_for_tests_and_lose_their_tools() {
    let plan = plan(&[(
        "pyproject.toml",
        "[project]\nname = 'x'\n[dependency-groups]\ndev = ['pytest', 'hypothesis', 'ruff', 'mypy==1.0']\n",
    )]);
    assert_eq!(plan.test_requirements(), ["pytest", "hypothesis"]);
}

#[test]
fn setup_cfg_is_read_with_markers_and_extras() {
    let plan = plan(&[(
        "setup.cfg",
        "[metadata]\nname = example\nclassifiers =\n    Programming Language :: Python :: 3.8\n\n\
         [options]\npython_requires = >=3.6\ninstall_requires =\n    alpha >= 1 ; python_version < '3.8'\n    # a word\n    beta\n\n\
         [options.extras_require]\ntesting =\n    pytest\n    pytest-mock\n",
    )]);
    assert_eq!(plan.distribution.as_deref(), Some("example"));
    assert_eq!(
        plan.dependencies,
        ["alpha >= 1 ; python_version < '3.8'", "beta"]
    );
    assert_eq!(plan.extras["testing"], ["pytest", "pytest-mock"]);
    assert_eq!(plan.test_extras(), ["testing"]);
    assert_eq!(plan.claimed_pythons, [(3, 8)]);
    assert!(plan.asks_backend);
}

#[test]
fn setup_py_is_read_without_being_run() {
    let plan = plan(&[
        (
            "setup.py",
            r#"
import os
os.system("touch /tmp/should-never-exist")
tests_require = ["pytest", "mock" "ito"]
extras = {"docs": ["sphinx"]}
extras["test"] = tests_require + ["coverage"]
def read(name): return open(name).read().splitlines()
setuptools.setup(
    name="exam" "ple",
    python_requires=">=3.7",
    install_requires=read("requirements.txt"),
    tests_require=tests_require,
    extras_require=dict(extras_one=["a"], **extras),
    classifiers=["Programming Language :: Python :: 3.9"],
)
"#,
        ),
        ("requirements.txt", "alpha\nbeta>=2  # why\n"),
    ]);
    assert_eq!(plan.distribution.as_deref(), Some("example"));
    assert_eq!(plan.dependencies, ["alpha", "beta>=2"]);
    assert_eq!(plan.extras["test"], ["pytest", "mockito", "coverage"]);
    assert_eq!(plan.wanted[0].requirements, ["pytest", "mockito"]);
    assert_eq!(plan.claimed_pythons, [(3, 9)]);
}

#[test]
fn toxs_dependencies_variables_extras_and_commands_are_read() {
    let plan = plan(&[
        (
            "tox.ini",
            "[tox]\nenvlist = py{38,310}, lint\n\n[testenv]\ndeps =\n    pytest\n    py27: mock\n    -r{toxinidir}/reqs/more.txt\n    \
             {[testenv:lint]deps}\nextras = speedups\nsetenv =\n    MODE = testing\n    PYTHONPATH = {toxinidir}/lib\n    \
             OTHER = {envdir}\ncommands = pytest {posargs:checks}\n\n[testenv:lint]\ndeps = flake8\n",
        ),
        ("reqs/more.txt", "delta\n"),
    ]);
    assert_eq!(plan.test_requirements(), ["pytest", "delta"]);
    assert_eq!(plan.claimed_pythons, [(3, 8), (3, 10)]);
    assert_eq!(plan.tested_extras, ["speedups"]);
    assert_eq!(
        plan.variables.get("MODE").map(String::as_str),
        Some("testing")
    );
    assert_eq!(
        plan.variables.get("PYTHONPATH").map(String::as_str),
        Some("/testbed/lib")
    );
    assert!(!plan.variables.contains_key("OTHER"));
    assert_eq!(plan.test_commands, ["pytest {posargs:checks}"]);
}

#[test]
fn requirements_files_are_followed_and_never_out_of_the_tree() {
    let plan = plan(&[
        (
            "requirements.txt",
            "alpha==1 --hash=sha256:00 \\\n    --hash=sha256:11\n",
        ),
        (
            "test-requirements.txt",
            "-r requirements.txt\n-r ../../etc/passwd\n-c constraints.txt\n-e .\nbeta\n",
        ),
        (
            "requirements/tests.in.txt",
            "-r tests.in.txt\ngamma\ngit+https://example.org/x\n",
        ),
    ]);
    assert_eq!(plan.test_requirements(), ["gamma", "alpha==1", "beta"]);
    assert_eq!(plan.runtime_requirements(), ["alpha==1"]);
    assert!(
        plan.notes
            .iter()
            .any(|note| note.contains("outside of the repository")),
        "{:?}",
        plan.notes
    );
    assert!(
        plan.notes
            .iter()
            .any(|note| note.contains("cannot be locked")),
        "{:?}",
        plan.notes
    );
}

#[test]
fn pins_of_one_python_give_way_to_those_of_all() {
    let plan = plan(&[
        ("requirements/tests.txt", "alpha==2\n"),
        ("requirements/tests37.txt", "alpha==1\n"),
        ("requirements/test3.txt", "beta\n"),
    ]);
    assert_eq!(plan.test_requirements(), ["beta", "alpha==2"]);
}

#[test]
fn poetrys_constraints_become_specifiers() {
    let plan = plan(&[(
        "pyproject.toml",
        r#"
        [tool.poetry]
        name = "example"
        [tool.poetry.dependencies]
        python = "^3.7"
        alpha = "^0.2.3"
        beta = {version = "~1.4", optional = true}
        gamma = {version = "*", extras = ["x"], markers = "sys_platform == 'linux'"}
        delta = {path = "../delta"}
        [tool.poetry.extras]
        more = ["beta"]
        [tool.poetry.group.test.dependencies]
        pytest = ">= 7, <9"
        [tool.poetry.dev-dependencies]
        black = "22.1"
        [build-system]
        build-backend = "poetry.core.masonry.api"
        "#,
    )]);
    assert_eq!(plan.requires_python, [">=3.7,<4"]);
    assert_eq!(
        plan.dependencies,
        ["alpha>=0.2.3,<0.3", "gamma[x] ; sys_platform == 'linux'"]
    );
    assert_eq!(plan.extras["more"], ["beta>=1.4,<1.5"]);
    assert_eq!(plan.test_requirements(), ["pytest>=7,<9"]);
    assert!(plan.installable && !plan.asks_backend);
}

#[test]
fn flits_own_metadata_is_read() {
    let plan = plan(&[(
        "pyproject.toml",
        "[build-system]\nbuild-backend = 'flit_core.buildapi'\n[tool.flit.metadata]\nmodule = 'x'\nrequires = ['a']\n\
         requires-python = '>=3.5'\n[tool.flit.metadata.requires-extra]\ntest = ['pytest']\n",
    )]);
    assert_eq!(
        (plan.distribution.as_deref(), plan.dependencies.len()),
        (Some("x"), 1)
    );
    assert_eq!(plan.test_extras(), ["test"]);
}

#[test]
fn broken_files_are_notes_and_not_failures() {
    let plan = plan(&[
        ("pyproject.toml", "this is = = not toml"),
        ("setup.py", "def ("),
        ("tox.ini", "[unclosed\n"),
        ("requirements.txt", "\u{feff}alpha\n"),
    ]);
    assert!(
        plan.notes
            .iter()
            .any(|note| note.contains("not valid TOML")),
        "{:?}",
        plan.notes
    );
    assert_eq!(plan.runtime_requirements(), ["alpha"]);
}

#[test]
fn a_link_out_of_the_tree_is_not_read() {
    let tree = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/etc/passwd", tree.path().join("requirements.txt")).unwrap();
    assert!(text_of(tree.path(), Path::new("requirements.txt")).is_none());
}

#[test]
fn a_requirement_without_its_versions_keeps_extras_and_marker() {
    assert_eq!(
        without_versions("Name[a,b] >=1,<2 ; python_version < '3'"),
        "Name[a,b] ; python_version < '3'"
    );
    assert_eq!(without_versions("name~=1.0"), "name");
    assert_eq!(
        distribution_name("Zope.Interface>=4"),
        Some("zope-interface".into())
    );
}

#[test]
fn names_state_their_purpose() {
    for name in [
        "test",
        "tests",
        "testing",
        "py-test",
        "test_extra",
        "dev-test",
        "tests37",
    ] {
        assert_eq!(purpose_of(name), Purpose::Tests, "{name}");
    }
    for name in ["dev", "develop", "dev3", "requirements-dev"] {
        assert_eq!(purpose_of(name), Purpose::Development, "{name}");
    }
    for name in ["docs", "docs-test", "speedups", "latest"] {
        assert_eq!(purpose_of(name), Purpose::Other, "{name}");
    }
}
