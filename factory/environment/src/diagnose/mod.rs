//! Reading why tests cannot be collected or set up, and what would mend it.

mod known;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::plan::{Plan, distribution_name, normalise};

/// One thing to change before the next try.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Remedy {
    /// Install this requirement, because of that.
    Add(String, String),
    /// Put this folder of the repository on the search path, because of that.
    Path(PathBuf, String),
    /// Give pytest this argument, because of that.
    Argument(String, String),
}

/// What the texts of failures ask for, in a fixed order, each once.
pub(crate) fn diagnose<'a>(
    texts: impl IntoIterator<Item = &'a str>,
    tree: &Path,
    plan: &Plan,
) -> Vec<Remedy> {
    let signs = Signs::new();
    let mut remedies = BTreeSet::new();
    for text in texts {
        for found in signs.module.captures_iter(text) {
            let module = found
                .get(1)
                .or_else(|| found.get(2))
                .map_or("", |name| name.as_str());
            remedies.extend(for_module(module, tree, plan));
        }
        for found in signs.plugins.captures_iter(text) {
            for plugin in found[1]
                .split(',')
                .map(str::trim)
                .filter(|plugin| !plugin.is_empty())
            {
                remedies.insert(Remedy::Add(
                    plugin.to_owned(),
                    "pytest's configuration requires it".into(),
                ));
            }
        }
        for found in signs.metadata.captures_iter(text) {
            let name = found
                .iter()
                .skip(1)
                .flatten()
                .next()
                .map_or("", |name| name.as_str());
            let own = plan.distribution.as_deref().map(normalise);
            if distribution_name(name).is_some() && distribution_name(name) != own {
                remedies.insert(Remedy::Add(
                    requirement(name, plan),
                    format!("its metadata is asked for: {name}"),
                ));
            }
        }
        for found in signs.options.captures_iter(text) {
            for option in found[1]
                .split_whitespace()
                .filter(|word| word.starts_with('-'))
            {
                let option = option.split('=').next().unwrap_or(option);
                remedies.extend(plugin(
                    known::plugin_of_option(option),
                    plan,
                    &format!("the option {option}"),
                ));
            }
        }
        for found in signs.fixture.captures_iter(text) {
            remedies.extend(for_fixture(&found[1], plan));
        }
        for found in signs.marker.captures_iter(text) {
            remedies.extend(plugin(
                known::plugin_of_marker(&found[1]),
                plan,
                &format!("the mark {}", &found[1]),
            ));
        }
        if text.contains("async def functions are not natively supported") {
            remedies.extend(plugin(
                Some("pytest-asyncio"),
                plan,
                "tests that are coroutines",
            ));
        }
        if text.contains("import file mismatch") {
            let reason = "test files of one name in several folders".to_owned();
            remedies.insert(Remedy::Argument("--import-mode=importlib".into(), reason));
        }
    }
    remedies.into_iter().collect()
}

struct Signs {
    module: Regex,
    plugins: Regex,
    metadata: Regex,
    options: Regex,
    fixture: Regex,
    marker: Regex,
}

impl Signs {
    fn new() -> Self {
        let compile = |pattern| Regex::new(pattern).expect("the pattern is valid");
        Self {
            module: compile(r"No module named (?:'([\w.]+)'|([\w.]+))"),
            plugins: compile(r"Missing required plugins: ([^\n]+)"),
            metadata: compile(
                r"(?:No package metadata was found for|PackageNotFoundError:|The ')\s*([\w.-]+)(?:'? distribution was not found)?",
            ),
            options: compile(r"unrecognized arguments: ([^\n]+)"),
            fixture: compile(r"fixture '(\w+)' not found"),
            marker: compile(r"'(\w+)' not found in `markers` configuration option"),
        }
    }
}

/// A module that is missing: the repository's own, or a distribution's.
fn for_module(module: &str, tree: &Path, plan: &Plan) -> Vec<Remedy> {
    let Some(top) = module.split('.').next().filter(|top| !top.is_empty()) else {
        return Vec::new();
    };
    let reason = format!("the module {module} is missing");
    if let Some(folder) = folder_of(tree, top) {
        let place = tree.join(&folder).join(module.replace('.', "/"));
        // A part that a found package lacks is on no search path.
        let is_there = module == top || place.exists() || place.with_extension("py").is_file();
        return is_there
            .then_some(Remedy::Path(folder, reason))
            .into_iter()
            .collect();
    }
    if known::is_gone_from_standard_library(top) {
        return Vec::new();
    }
    let distribution = known::distribution_of_module(module).unwrap_or(top);
    companions(distribution, plan)
        .into_iter()
        .map(|line| Remedy::Add(line, reason.clone()))
        .collect()
}

/// The repository's line for a distribution with those of the smallest extra that has it: they are there for one
/// feature together. An extra that collects everything is none.
fn companions(distribution: &str, plan: &Plan) -> Vec<String> {
    const MOST: usize = 4;
    let wanted = distribution_name(distribution);
    let has = |lines: &&Vec<String>| lines.iter().any(|line| distribution_name(line) == wanted);
    let extra = plan
        .extras
        .values()
        .filter(has)
        .min_by_key(|lines| lines.len());
    match extra {
        Some(lines) if lines.len() <= MOST => lines.clone(),
        _ => vec![requirement(distribution, plan)],
    }
}

/// The nearest folder of the repository that holds a module of this name, outside of build results.
fn folder_of(tree: &Path, top: &str) -> Option<PathBuf> {
    let here = |folder: &Path| {
        folder.join(format!("{top}.py")).is_file()
            || folder.join(top).join("__init__.py").is_file()
            || has_python_files(&folder.join(top))
    };
    let mut level = vec![PathBuf::new()];
    for _ in 0..4 {
        if let Some(found) = level.iter().find(|folder| here(&tree.join(folder))) {
            return Some(found.clone());
        }
        let mut next = Vec::new();
        for folder in &level {
            let entries = std::fs::read_dir(tree.join(folder))
                .into_iter()
                .flatten()
                .flatten();
            let mut names: Vec<_> = entries
                .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
                .map(|entry| entry.file_name())
                .filter(|name| !name.to_string_lossy().starts_with(['.', '_']))
                .filter(|name| {
                    !["build", "dist", "node_modules", "docs"]
                        .iter()
                        .any(|other| name == *other)
                })
                .collect();
            names.sort();
            next.extend(names.into_iter().map(|name| folder.join(name)));
        }
        level = next;
    }
    None
}

fn has_python_files(folder: &Path) -> bool {
    let mut entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.any(|entry| {
        entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "py")
    })
}

fn for_fixture(fixture: &str, plan: &Plan) -> Option<Remedy> {
    if matches!(fixture, "testdir" | "pytester") {
        return Some(Remedy::Argument(
            "-ppytester".into(),
            format!("the fixture {fixture}"),
        ));
    }
    // A plugin that the repository mentions and that is named for the fixture knows best.
    let named = format!("pytest-{}", normalise(fixture));
    let mentioned = plan
        .mentions()
        .find(|line| distribution_name(line).as_deref() == Some(&named));
    let reason = format!("the fixture {fixture}");
    match mentioned {
        Some(line) => Some(Remedy::Add(line.to_owned(), reason)),
        None => plugin(known::plugin_of_fixture(fixture), plan, &reason),
    }
}

fn plugin(name: Option<&str>, plan: &Plan, reason: &str) -> Option<Remedy> {
    name.map(|name| Remedy::Add(requirement(name, plan), reason.to_owned()))
}

/// The repository's own line for a distribution where it has one, or the bare name.
fn requirement(distribution: &str, plan: &Plan) -> String {
    let wanted = distribution_name(distribution);
    plan.mentions()
        .find(|line| distribution_name(line) == wanted)
        .unwrap_or(distribution)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remedies(text: &str, files: &[&str], plan: &Plan) -> Vec<Remedy> {
        let tree = tempfile::tempdir().unwrap();
        for file in files {
            let path = tree.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        diagnose([text], tree.path(), plan)
    }

    fn added(text: &str) -> Vec<String> {
        let all = remedies(text, &[], &Plan::default());
        all.into_iter()
            .filter_map(|remedy| match remedy {
                Remedy::Add(requirement, _) => Some(requirement),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn a_missing_module_becomes_its_distribution() {
        assert_eq!(
            added("E   ModuleNotFoundError: No module named 'yaml'"),
            ["PyYAML"]
        );
        assert_eq!(
            added("E   ModuleNotFoundError: No module named 'freezegun.api'"),
            ["freezegun"]
        );
        assert_eq!(
            added("E   ModuleNotFoundError: No module named 'google.protobuf'"),
            ["protobuf"]
        );
    }

    #[test]
    fn a_module_that_left_the_standard_library_is_no_distribution() {
        assert_eq!(
            added("ModuleNotFoundError: No module named 'imp'"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn the_repositorys_own_line_for_a_missing_distribution_is_taken() {
        let plan = Plan {
            dependencies: vec!["pyyaml<6".into()],
            ..Plan::default()
        };
        let found = remedies("No module named 'yaml'", &[], &plan);
        assert!(
            matches!(&found[..], [Remedy::Add(line, _)] if line == "pyyaml<6"),
            "{found:?}"
        );
    }

    #[test]
    fn what_an_extra_has_beside_a_missing_distribution_comes_with_it() {
        let extra = vec!["pyjwt>=2".to_owned(), "cryptography".to_owned()];
        let all = ["a", "b", "c", "pyjwt", "d"].map(str::to_owned).to_vec();
        let plan = Plan {
            extras: [("signed".to_owned(), extra), ("all".to_owned(), all)].into(),
            ..Plan::default()
        };
        let found = remedies("No module named 'jwt'", &[], &plan);
        let lines: Vec<&str> = found
            .iter()
            .map(|remedy| match remedy {
                Remedy::Add(line, _) => line.as_str(),
                _ => "",
            })
            .collect();
        assert_eq!(lines, ["cryptography", "pyjwt>=2"]);
    }

    #[test]
    fn a_module_of_the_repository_is_a_matter_of_the_search_path() {
        let found = remedies(
            "No module named 'helper'",
            &["tests/lib/helper.py"],
            &Plan::default(),
        );
        assert!(
            matches!(&found[..], [Remedy::Path(folder, _)] if folder == Path::new("tests/lib")),
            "{found:?}"
        );
    }

    #[test]
    fn a_missing_part_of_an_own_package_has_no_remedy() {
        let found = remedies(
            "No module named 'own._compiled'",
            &["own/__init__.py"],
            &Plan::default(),
        );
        assert_eq!(found, []);
    }

    #[test]
    fn unknown_options_fixtures_and_marks_name_plugins() {
        assert_eq!(
            added("error: unrecognized arguments: --timeout=3 --benchmark-skip"),
            ["pytest-benchmark", "pytest-timeout"]
        );
        assert_eq!(added("E       fixture 'mocker' not found"), ["pytest-mock"]);
        assert_eq!(
            added("Failed: 'asyncio' not found in `markers` configuration option"),
            ["pytest-asyncio"]
        );
        assert_eq!(
            added("ERROR: Missing required plugins: pytest-foo>=1, pytest-bar"),
            ["pytest-bar", "pytest-foo>=1"]
        );
    }

    #[test]
    fn fixtures_of_pytests_own_plugin_need_an_argument() {
        let found = remedies("fixture 'testdir' not found", &[], &Plan::default());
        assert!(
            matches!(&found[..], [Remedy::Argument(argument, _)] if argument == "-ppytester"),
            "{found:?}"
        );
    }
}
