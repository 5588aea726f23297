//! tox: what its test environments install, set and run.

use std::collections::BTreeSet;
use std::path::Path;

use super::requirements::{Line, parse_line, read_file};
use super::{Plan, Purpose, Wanted, ini, purpose_of, text_of};

pub(super) fn read(tree: &Path, plan: &mut Plan) {
    for name in ["tox.ini", "setup.cfg"] {
        if let Some(text) = text_of(tree, Path::new(name)) {
            read_ini(tree, name, &text, plan);
        }
    }
}

/// Reads tox's INI dialect; `origin` names where it stands.
pub(super) fn read_ini(tree: &Path, origin: &str, text: &str, plan: &mut Plan) {
    let Ok(sections) = ini::parse(text) else {
        if origin != "setup.cfg" {
            plan.notes
                .push(format!("{origin} cannot be read as an INI file"));
        }
        return;
    };
    let own = if origin == "setup.cfg" {
        "tox:tox"
    } else {
        "tox"
    };
    let listed = sections
        .get(own)
        .and_then(|tox| tox.get("envlist").or_else(|| tox.get("env_list")));
    if plan.claimed_pythons.is_empty() {
        plan.claimed_pythons
            .extend(listed.map(|list| pythons(list)).unwrap_or_default());
    }
    for (section, keys) in &sections {
        let Some(purpose) = purpose_of_section(section) else {
            continue;
        };
        let mut requirements = Vec::new();
        for line in ini::lines(keys.get("deps")) {
            read_dependency(tree, origin, &line, &mut requirements, plan);
        }
        if !requirements.is_empty() {
            plan.wanted.push(Wanted {
                origin: format!("{origin} [{section}] deps"),
                purpose,
                requirements,
            });
        }
        if purpose == Purpose::Tests {
            let extras = ini::lines(keys.get("extras"));
            plan.tested_extras
                .extend(extras.iter().flat_map(|line| split(line)));
            let set = keys.get("setenv").or_else(|| keys.get("set_env"));
            plan.variables
                .extend(ini::lines(set).iter().filter_map(|line| variable(line)));
            plan.test_commands.extend(ini::lines(keys.get("commands")));
        }
    }
    plan.tested_extras.sort();
    plan.tested_extras.dedup();
}

fn read_dependency(
    tree: &Path,
    origin: &str,
    line: &str,
    requirements: &mut Vec<String>,
    plan: &mut Plan,
) {
    let line = line
        .replace("{toxinidir}/", "")
        .replace("{tox_root}/", "")
        .replace("{toxinidir}", ".");
    // `py27,django32: mock` is for some environments only; without its factors a choice is a guess, and
    // what is missing shows when tests are collected.
    let conditional = line
        .split_once(": ")
        .is_some_and(|(factors, _)| !factors.contains(['=', '<', '>', '[']));
    if conditional || line.starts_with("{[") {
        return;
    }
    match parse_line(&line) {
        Line::Nothing => {
            if let Some((_, extras)) = line.strip_prefix('.').and_then(|rest| rest.split_once('['))
            {
                plan.tested_extras
                    .extend(split(extras.trim_end_matches(']')));
            }
        }
        Line::Requirement(requirement) => requirements.push(requirement),
        Line::File(path) => {
            let lines = read_file(
                tree,
                Path::new(&path),
                &mut BTreeSet::new(),
                &mut plan.notes,
            );
            requirements.extend(lines);
        }
        Line::Unusable(line) => {
            plan.notes.push(format!(
                "{origin}: `{line}` cannot be locked and is left out"
            ));
        }
    }
}

/// `testenv` is where tests run; `testenv:NAME` is what its name says.
fn purpose_of_section(section: &str) -> Option<Purpose> {
    if section == "testenv" {
        return Some(Purpose::Tests);
    }
    let name = section.strip_prefix("testenv:")?;
    let is_python =
        name.starts_with("py") && name[2..].starts_with(|c: char| c.is_ascii_digit() || c == '{');
    Some(if is_python {
        Purpose::Tests
    } else {
        purpose_of(name)
    })
}

/// The versions in an environment list such as `py{36,37}, py3.11-django`.
fn pythons(list: &str) -> Vec<(u64, u64)> {
    let mut found = Vec::new();
    for word in list.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.')) {
        let digits = word.strip_prefix("py").unwrap_or(word).replace('.', "");
        let is_version = digits.len() >= 2
            && digits.starts_with('3')
            && digits.bytes().all(|b| b.is_ascii_digit());
        if let (true, Ok(minor)) = (
            is_version,
            digits.get(1..).unwrap_or_default().parse::<u64>(),
        ) {
            // `py310` and `py39`; a larger number is something else's version.
            if minor < 40 {
                found.push((3, minor));
            }
        }
    }
    found
}

fn variable(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once('=')?;
    let value = value
        .trim()
        .replace("{toxinidir}", "/testbed")
        .replace("{tox_root}", "/testbed");
    let name = name.trim();
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (plain && !name.is_empty() && !value.contains(['{', '}'])).then(|| (name.to_owned(), value))
}

fn split(line: &str) -> Vec<String> {
    line.split([',', ' '])
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}
