//! Where a repository's tests are and how pytest has to be told.

use std::path::{Path, PathBuf};

use regex::Regex;
use toml::{Table, Value};
use walkdir::WalkDir;

use crate::plan::{Plan, ini, text_of};

/// What pytest is given, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Suite {
    pub(crate) arguments: Vec<String>,
    pub(crate) notes: Vec<String>,
}

/// The parts of pytest's configuration that decide what it looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Configuration {
    file: Option<&'static str>,
    testpaths: Vec<String>,
    python_files: Vec<String>,
}

/// Works out pytest's arguments from its configuration and from where the tests lie.
pub(crate) fn detect(tree: &Path, plan: &Plan) -> Suite {
    let configuration = configuration(tree);
    let mut suite = Suite::default();
    let found = test_files(tree);
    let paths_exist = !configuration.testpaths.is_empty()
        && configuration
            .testpaths
            .iter()
            .any(|path| path.contains('*') || tree.join(path).exists());
    if let Some(file) = configuration.file {
        suite.notes.push(format!("pytest is configured in {file}"));
    }
    if !paths_exist {
        suite.arguments = command_paths(tree, plan, &found).unwrap_or_else(|| folders(&found));
    }
    if configuration.python_files.is_empty() {
        let patterns = odd_patterns(&found);
        if !patterns.is_empty() {
            let all = ["test_*.py", "*_test.py"]
                .into_iter()
                .map(str::to_owned)
                .chain(patterns);
            let all: Vec<String> = all.collect();
            suite.notes.push(format!(
                "test files have uncommon names: {}",
                all[2..].join(", ")
            ));
            suite.arguments.push("-o".into());
            suite
                .arguments
                .push(format!("python_files={}", all.join(" ")));
        }
    }
    suite
}

/// Reads the one file that pytest itself would take for a run from the repository's root.
fn configuration(tree: &Path) -> Configuration {
    for file in ["pytest.toml", ".pytest.toml"] {
        if let Some(table) =
            text_of(tree, Path::new(file)).and_then(|text| text.parse::<Table>().ok())
        {
            return from_toml(file, table.get("pytest"));
        }
    }
    for file in ["pytest.ini", ".pytest.ini"] {
        if let Some(text) = text_of(tree, Path::new(file)) {
            let sections = ini::parse(&text).unwrap_or_default();
            return from_ini(file, &sections, "pytest").unwrap_or(Configuration {
                file: Some(file),
                ..Configuration::default()
            });
        }
    }
    if let Some(table) =
        text_of(tree, Path::new("pyproject.toml")).and_then(|text| text.parse::<Table>().ok())
    {
        let tool = table.get("tool").and_then(|tool| tool.get("pytest"));
        let options = tool.and_then(|pytest| pytest.get("ini_options")).or(tool);
        if options.is_some() {
            return from_toml("pyproject.toml", options);
        }
    }
    for (file, section) in [("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")] {
        let sections = text_of(tree, Path::new(file)).and_then(|text| ini::parse(&text).ok());
        if let Some(found) = sections.and_then(|sections| from_ini(file, &sections, section)) {
            return found;
        }
    }
    Configuration::default()
}

fn from_ini(file: &'static str, sections: &ini::Sections, section: &str) -> Option<Configuration> {
    let keys = sections.get(section)?;
    let words = |key: &str| {
        let value = keys.get(key).map(String::as_str).unwrap_or_default();
        value.split_whitespace().map(str::to_owned).collect()
    };
    Some(Configuration {
        file: Some(file),
        testpaths: words("testpaths"),
        python_files: words("python_files"),
    })
}

fn from_toml(file: &'static str, options: Option<&Value>) -> Configuration {
    let words = |key: &str| match options.and_then(|options| options.get(key)) {
        Some(Value::String(text)) => text.split_whitespace().map(str::to_owned).collect(),
        Some(Value::Array(entries)) => entries
            .iter()
            .filter_map(|entry| entry.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    };
    Configuration {
        file: Some(file),
        testpaths: words("testpaths"),
        python_files: words("python_files"),
    }
}

/// The paths that the repository's own test runner gives pytest, if they hold most of its tests: some commands
/// are about a README's examples only.
fn command_paths(tree: &Path, plan: &Plan, found: &[PathBuf]) -> Option<Vec<String>> {
    let mut paths: Vec<String> = Vec::new();
    for command in &plan.test_commands {
        let words: Vec<&str> = command.split_whitespace().collect();
        let Some(start) = words
            .iter()
            .position(|word| matches!(*word, "pytest" | "py.test"))
        else {
            continue;
        };
        let named = words[start + 1..]
            .iter()
            .map(|word| word.trim_start_matches("{posargs:").trim_end_matches('}'))
            .map(|word| word.replace("{toxinidir}/", ""))
            .filter(|word| {
                !word.is_empty() && !word.starts_with(['-', '{', '/', '.']) && !word.contains("..")
            })
            .filter(|word| tree.join(word).exists());
        for path in named {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    let held = found
        .iter()
        .filter(|file| paths.iter().any(|path| file.starts_with(path)))
        .count();
    (held > 0 && held * 2 >= found.len()).then_some(paths)
}

/// Python files that hold tests, whatever their names, relative and in order.
fn test_files(tree: &Path) -> Vec<PathBuf> {
    const LIMIT: u64 = 2 << 20;
    let sign = Regex::new(r"(?m)^\s*(?:async )?def test|^class \w*Test|TestCase\)|^import pytest|^from unittest|^import unittest")
        .expect("the pattern is valid");
    let entries = WalkDir::new(tree)
        .sort_by_file_name()
        .max_depth(8)
        .into_iter()
        .filter_entry(|entry| {
            let name = entry.file_name().to_string_lossy();
            let skipped = [
                "build",
                "dist",
                "docs",
                "doc",
                "examples",
                "example",
                "node_modules",
                "venv",
                "benchmarks",
            ];
            entry.depth() == 0
                || !(entry.file_type().is_dir()
                    && (name.starts_with('.') || skipped.contains(&&*name)))
        });
    entries
        .flatten()
        .filter(|entry| entry.file_type().is_file())
        .filter(|entry| {
            entry
                .path()
                .extension()
                .is_some_and(|extension| extension == "py")
        })
        .filter(|entry| entry.metadata().is_ok_and(|about| about.len() < LIMIT))
        .filter(|entry| {
            let text = std::fs::read(entry.path()).unwrap_or_default();
            sign.is_match(&String::from_utf8_lossy(&text))
        })
        .filter_map(|entry| entry.path().strip_prefix(tree).ok().map(Path::to_owned))
        .filter(|path| is_about_tests(path))
        .collect()
}

/// Whether a path says that it is about tests: a helper named otherwise may look like one from inside.
fn is_about_tests(path: &Path) -> bool {
    let stem = path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    if matches!(&*stem, "__init__" | "conftest" | "setup") {
        return false;
    }
    stem.contains("test")
        || path
            .parent()
            .is_some_and(|parent| parent.iter().any(is_test_folder))
}

fn is_test_folder(name: &std::ffi::OsStr) -> bool {
    let name = name.to_string_lossy().to_lowercase();
    matches!(
        &*name,
        "test"
            | "tests"
            | "testing"
            | "testsuite"
            | "unittests"
            | "unit_tests"
            | "_tests"
            | "test_suite"
    ) || name.ends_with("_tests")
        || name.starts_with("test_")
        || name.starts_with("tests_")
}

/// The outermost folders for tests that hold the found files, and files that lie outside of any.
fn folders(found: &[PathBuf]) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for file in found {
        let mut folder = PathBuf::new();
        let mut within = None;
        for part in file.parent().unwrap_or(Path::new("")) {
            folder.push(part);
            if is_test_folder(part) {
                within = Some(folder.clone());
                break;
            }
        }
        let path = within.unwrap_or_else(|| file.clone()).display().to_string();
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    // A long list of single files: better to let pytest look by itself.
    if paths.len() > 40 { Vec::new() } else { paths }
}

/// Patterns for files that pytest's own patterns would leave out, when the suite is made of such files.
fn odd_patterns(found: &[PathBuf]) -> Vec<String> {
    let names: Vec<String> = found
        .iter()
        .filter_map(|path| {
            path.file_name()
                .map(|name| name.to_string_lossy().into_owned())
        })
        .collect();
    let is_common = |name: &String| name.starts_with("test_") || name.ends_with("_test.py");
    let common = names.iter().filter(|name| is_common(name)).count();
    let mut patterns: Vec<String> = Vec::new();
    for name in names.iter().filter(|name| !is_common(name)) {
        let lower = name.to_lowercase();
        let pattern = if name == "tests.py" || name == "test.py" {
            name.clone()
        } else if lower.ends_with("_tests.py") {
            "*_tests.py".to_owned()
        } else if lower.ends_with("test.py") || lower.ends_with("tests.py") {
            format!(
                "*{}",
                &name[name.len() - if lower.ends_with("tests.py") { 8 } else { 7 }..]
            )
        } else if name.starts_with("test") {
            "test*.py".to_owned()
        } else if common == 0 {
            name.clone()
        } else {
            // Beside files of common names this one is a helper.
            continue;
        };
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    patterns.sort();
    patterns
}

#[cfg(test)]
mod tests;
