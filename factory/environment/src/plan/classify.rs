//! What names of extras, groups, environments and files say about their purpose.

use serde::Serialize;

use super::{distribution_name, normalise};

/// What a set of requirements is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Running the tests.
    Tests,
    /// Developing, which often covers the tests.
    Development,
    /// Running the project itself.
    Runtime,
    /// Anything else: documentation, releases, optional features.
    Other,
}

/// The purpose that a name of an extra, a group, an environment or a requirements file states.
pub fn purpose_of(name: &str) -> Purpose {
    let words: Vec<String> = normalise(name)
        .split('-')
        .map(|word| {
            word.trim_end_matches(|c: char| c.is_ascii_digit())
                .to_owned()
        })
        .collect();
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    let about_something_else = has(&[
        "doc",
        "docs",
        "documentation",
        "lint",
        "linting",
        "release",
        "typing",
        "mypy",
        "format",
        "bench",
        "benchmark",
        "integration",
        "publish",
        "deploy",
    ]);
    if about_something_else {
        Purpose::Other
    } else if has(&[
        "test",
        "tests",
        "testing",
        "tester",
        "pytest",
        "unittest",
        "unittests",
        "testenv",
        "check",
    ]) {
        Purpose::Tests
    } else if has(&[
        "dev",
        "devel",
        "develop",
        "development",
        "developer",
        "devs",
        "contrib",
        "ci",
    ]) {
        Purpose::Development
    } else {
        Purpose::Other
    }
}

/// Programs that developers run beside a test suite and that test suites do not import: formatters, checkers,
/// release and documentation tools. A suite that does import one gets it when collection misses it.
const DEVELOPMENT_TOOLS: [&str; 42] = [
    "autopep8",
    "bandit",
    "black",
    "build",
    "bump2version",
    "bumpversion",
    "bumpver",
    "check-manifest",
    "codecov",
    "coveralls",
    "commitizen",
    "flake8",
    "furo",
    "griffe",
    "ipdb",
    "ipython",
    "isort",
    "jupyter",
    "mkdocs",
    "mkdocs-material",
    "mkdocstrings",
    "mypy",
    "nox",
    "pdbpp",
    "pip-tools",
    "pre-commit",
    "pydocstyle",
    "pyflakes",
    "pylint",
    "pyright",
    "pyupgrade",
    "ruff",
    "safety",
    "sphinx",
    "sphinx-rtd-theme",
    "tox",
    "towncrier",
    "twine",
    "wheel",
    "yapf",
    "zest-releaser",
    "zizmor",
];

/// Whether a requirement is for such a program or one of its plugins.
pub fn is_development_tool(requirement: &str) -> bool {
    let Some(name) = distribution_name(requirement) else {
        return false;
    };
    DEVELOPMENT_TOOLS.contains(&name.as_str())
        || [
            "flake8-",
            "sphinx-",
            "sphinxcontrib-",
            "mkdocs-",
            "types-",
            "tox-",
            "mypy-",
        ]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}
