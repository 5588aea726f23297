//! `pyproject.toml`: PEP 621, PEP 735 groups, and the tables of Poetry, Hatch, PDM, Flit, uv and tox.

use std::path::Path;

use toml::{Table, Value};

use super::{Plan, Purpose, Wanted, purpose_of, text_of, tox};

pub(super) fn read(tree: &Path, plan: &mut Plan) {
    let Some(text) = text_of(tree, Path::new("pyproject.toml")) else {
        return;
    };
    let table: Table = match text.parse() {
        Ok(table) => table,
        Err(error) => {
            plan.notes.push(format!(
                "pyproject.toml is not valid TOML: {}",
                error.message()
            ));
            return;
        }
    };
    if let Some(project) = table.get("project").and_then(Value::as_table) {
        read_project(project, plan);
    }
    if let Some(groups) = table.get("dependency-groups").and_then(Value::as_table) {
        for name in groups.keys() {
            let mut trail = Vec::new();
            let requirements = flatten_group(groups, name, &mut trail);
            want(
                plan,
                format!("pyproject.toml [dependency-groups] {name}"),
                name,
                requirements,
            );
        }
    }
    let Some(tool) = table.get("tool").and_then(Value::as_table) else {
        return;
    };
    if let Some(poetry) = tool.get("poetry").and_then(Value::as_table) {
        read_poetry(poetry, plan);
    }
    if let Some(flit) = at(tool, &["flit", "metadata"]).and_then(Value::as_table) {
        read_flit(flit, plan);
    }
    for (name, group) in tables(at(tool, &["pdm", "dev-dependencies"])) {
        want(
            plan,
            format!("pyproject.toml [tool.pdm.dev-dependencies] {name}"),
            name,
            strings(Some(group)),
        );
    }
    for (name, environment) in tables(at(tool, &["hatch", "envs"])) {
        let mut lines = strings(environment.get("dependencies"));
        lines.extend(strings(environment.get("extra-dependencies")));
        // `default` is where Hatch projects without an environment for tests run them.
        let purpose = if name == "default" || name == "hatch-test" {
            "dev"
        } else {
            name
        };
        want(
            plan,
            format!("pyproject.toml [tool.hatch.envs.{name}]"),
            purpose,
            lines,
        );
    }
    let uv = strings(at(tool, &["uv", "dev-dependencies"]));
    want(
        plan,
        "pyproject.toml [tool.uv] dev-dependencies".into(),
        "dev",
        uv,
    );
    if let Some(legacy) = at(tool, &["tox", "legacy_tox_ini"]).and_then(Value::as_str) {
        tox::read_ini(tree, "pyproject.toml [tool.tox]", legacy, plan);
    }
    let deps = strings(at(tool, &["tox", "env_run_base", "deps"]));
    want(
        plan,
        "pyproject.toml [tool.tox.env_run_base] deps".into(),
        "test",
        deps,
    );
}

/// Whether a `[build-system]` or a backend's own table says that this can be built.
pub(super) fn names_a_build_backend(tree: &Path) -> bool {
    text_of(tree, Path::new("pyproject.toml"))
        .and_then(|text| text.parse::<Table>().ok())
        .is_some_and(|table| at(&table, &["build-system", "build-backend"]).is_some())
}

fn read_project(project: &Table, plan: &mut Plan) {
    plan.distribution = project
        .get("name")
        .and_then(Value::as_str)
        .map(str::to_owned);
    if let Some(specifiers) = project.get("requires-python").and_then(Value::as_str) {
        plan.requires_python.push(specifiers.to_owned());
    }
    read_classifiers(&strings(project.get("classifiers")), plan);
    plan.dependencies = strings(project.get("dependencies"));
    let dynamic = strings(project.get("dynamic"));
    plan.dependencies_are_known = !dynamic.iter().any(|field| field.ends_with("dependencies"));
    for (name, lines) in tables(project.get("optional-dependencies")) {
        plan.extras.insert(name.to_owned(), strings(Some(lines)));
    }
}

fn read_flit(flit: &Table, plan: &mut Plan) {
    let module = flit.get("dist-name").or_else(|| flit.get("module"));
    plan.distribution = plan
        .distribution
        .take()
        .or_else(|| module.and_then(Value::as_str).map(str::to_owned));
    if let Some(specifiers) = flit.get("requires-python").and_then(Value::as_str) {
        plan.requires_python.push(specifiers.to_owned());
    }
    read_classifiers(&strings(flit.get("classifiers")), plan);
    plan.dependencies.extend(strings(flit.get("requires")));
    plan.dependencies_are_known = true;
    for (name, lines) in tables(flit.get("requires-extra")) {
        plan.extras.insert(name.to_owned(), strings(Some(lines)));
    }
}

fn read_poetry(poetry: &Table, plan: &mut Plan) {
    if plan.distribution.is_none() {
        plan.distribution = poetry
            .get("name")
            .and_then(Value::as_str)
            .map(str::to_owned);
    }
    read_classifiers(&strings(poetry.get("classifiers")), plan);
    plan.dependencies_are_known = true;
    let dependencies = poetry.get("dependencies");
    if let Some(constraint) = dependencies
        .and_then(|table| table.get("python"))
        .and_then(Value::as_str)
        && let Some(specifiers) = poetry_specifiers(constraint)
    {
        plan.requires_python.push(specifiers);
    }
    for (name, value) in tables(dependencies)
        .into_iter()
        .filter(|(name, _)| *name != "python")
    {
        let optional = value
            .get("optional")
            .and_then(Value::as_bool)
            .unwrap_or(false);
        if let (false, Some(line)) = (optional, poetry_requirement(name, value)) {
            plan.dependencies.push(line);
        }
    }
    for (name, members) in tables(poetry.get("extras")) {
        let lines = strings(Some(members))
            .iter()
            .filter_map(|member| poetry_requirement(member, dependencies?.get(member)?))
            .collect();
        plan.extras.insert(name.to_owned(), lines);
    }
    let lines = poetry_group(poetry.get("dev-dependencies"));
    want(
        plan,
        "pyproject.toml [tool.poetry.dev-dependencies]".into(),
        "dev",
        lines,
    );
    for (name, group) in tables(poetry.get("group")) {
        let lines = poetry_group(group.get("dependencies"));
        want(
            plan,
            format!("pyproject.toml [tool.poetry.group.{name}]"),
            name,
            lines,
        );
    }
}

fn poetry_group(group: Option<&Value>) -> Vec<String> {
    tables(group)
        .into_iter()
        .filter(|(name, _)| *name != "python")
        .filter_map(|(name, value)| poetry_requirement(name, value))
        .collect()
}

/// A PEP 508 line for one entry of a Poetry table; `None` for folders, files and repositories.
fn poetry_requirement(name: &str, value: &Value) -> Option<String> {
    let value = value
        .as_array()
        .and_then(|several| several.first())
        .unwrap_or(value);
    let (version, extras, marker) = match value {
        Value::String(version) => (version.as_str(), Vec::new(), None),
        Value::Table(table) => (
            table.get("version")?.as_str()?,
            strings(table.get("extras")),
            table.get("markers").and_then(Value::as_str),
        ),
        _ => return None,
    };
    let extras = if extras.is_empty() {
        String::new()
    } else {
        format!("[{}]", extras.join(","))
    };
    let specifiers = poetry_specifiers(version).unwrap_or_default();
    let marker = marker
        .map(|marker| format!(" ; {marker}"))
        .unwrap_or_default();
    Some(format!("{name}{extras}{specifiers}{marker}"))
}

/// Poetry's constraint as PEP 440 specifiers. Of alternatives (`||`) the last, usually the newest, is taken.
fn poetry_specifiers(constraint: &str) -> Option<String> {
    let constraint = constraint.rsplit("||").next()?.trim();
    let parts = constraint
        .split([',', ' '])
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let mut specifiers = Vec::new();
    let mut operator = String::new();
    for part in parts {
        // `>= 3.6` has a space inside.
        if part.chars().all(|c| "<>=!~^".contains(c)) {
            part.clone_into(&mut operator);
            continue;
        }
        let part = std::mem::take(&mut operator) + part;
        let specifier = if part == "*" {
            continue;
        } else if let Some(version) = part.strip_prefix('^') {
            format!(">={version},<{}", next_release(version, true)?)
        } else if let Some(version) = part.strip_prefix('~').filter(|rest| !rest.starts_with('=')) {
            format!(">={version},<{}", next_release(version, false)?)
        } else if part.starts_with(|c: char| c.is_ascii_digit()) {
            format!("=={part}")
        } else {
            part
        };
        specifiers.push(specifier);
    }
    Some(specifiers.join(","))
}

/// The first release that a caret (or tilde) constraint excludes.
fn next_release(version: &str, caret: bool) -> Option<String> {
    let numbers: Vec<u64> = version
        .trim()
        .split('.')
        .map_while(|part| part.parse().ok())
        .collect();
    let position = if caret {
        numbers
            .iter()
            .position(|&n| n > 0)
            .unwrap_or(numbers.len().checked_sub(1)?)
    } else {
        usize::from(numbers.len() > 1)
    };
    let mut next = numbers.get(..=position)?.to_vec();
    *next.last_mut()? += 1;
    Some(
        next.iter()
            .map(u64::to_string)
            .collect::<Vec<_>>()
            .join("."),
    )
}

/// The claims of `Programming Language :: Python :: 3.x` classifiers.
pub(super) fn read_classifiers(classifiers: &[String], plan: &mut Plan) {
    for classifier in classifiers {
        let version = classifier
            .strip_prefix("Programming Language :: Python :: ")
            .and_then(|version| version.trim().split_once('.'))
            .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        plan.claimed_pythons.extend(version);
    }
}

/// The lines of a PEP 735 group with those of the groups it includes.
fn flatten_group(groups: &Table, name: &str, trail: &mut Vec<String>) -> Vec<String> {
    if trail.iter().any(|seen| seen == name) {
        return Vec::new();
    }
    trail.push(name.to_owned());
    let entries = groups.get(name).and_then(Value::as_array);
    let mut lines = Vec::new();
    for entry in entries.into_iter().flatten() {
        if let Some(line) = entry.as_str() {
            lines.push(line.to_owned());
        } else if let Some(other) = entry.get("include-group").and_then(Value::as_str) {
            lines.extend(flatten_group(groups, other, trail));
        }
    }
    lines
}

fn want(plan: &mut Plan, origin: String, name: &str, requirements: Vec<String>) {
    let purpose = purpose_of(name);
    if !requirements.is_empty() && purpose != Purpose::Runtime {
        plan.wanted.push(Wanted {
            origin,
            purpose,
            requirements,
        });
    }
}

fn at<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter()
        .try_fold(table.get(*first)?, |value, key| value.get(key))
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let entries = value.and_then(Value::as_array);
    entries
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.as_str().map(str::to_owned))
        .collect()
}

fn tables(value: Option<&Value>) -> Vec<(&str, &Value)> {
    let entries = value.and_then(Value::as_table);
    entries
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
        .collect()
}
