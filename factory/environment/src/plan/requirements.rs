//! Requirement lines and the files that list them.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::{Plan, Purpose, Wanted, purpose_of};

/// A distribution's name as indexes compare it (PEP 503).
pub fn normalise(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            c => normal.push(c.to_ascii_lowercase()),
        }
    }
    normal
}

/// The normalised name at the start of a PEP 508 line.
pub fn distribution_name(requirement: &str) -> Option<String> {
    let name = name_part(requirement);
    (!name.is_empty()).then(|| normalise(name))
}

/// The line with its version specifier taken away; name, extras and marker stay.
pub fn without_versions(requirement: &str) -> String {
    let (requirement, marker) = match requirement.split_once(';') {
        Some((requirement, marker)) => (requirement, Some(marker.trim())),
        None => (requirement, None),
    };
    let name = name_part(requirement);
    let rest = requirement.trim_start()[name.len()..].trim_start();
    let extras = if rest.starts_with('[') {
        rest.find(']').map_or("", |end| &rest[..=end])
    } else {
        ""
    };
    marker.map_or_else(
        || format!("{name}{extras}"),
        |marker| format!("{name}{extras} ; {marker}"),
    )
}

fn name_part(requirement: &str) -> &str {
    let requirement = requirement.trim_start();
    let end = requirement
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(requirement.len());
    requirement[..end].trim_end_matches(['-', '_', '.'])
}

/// Adds every requirements file at the usual places.
pub(super) fn read(tree: &Path, plan: &mut Plan) {
    for (path, purpose) in candidates(tree) {
        let mut seen = BTreeSet::new();
        let requirements = read_file(tree, &path, &mut seen, &mut plan.notes);
        if !requirements.is_empty() {
            plan.wanted.push(Wanted {
                origin: path.display().to_string(),
                purpose,
                requirements,
            });
        }
    }
}

/// Requirements files in the root, in folders named for requirements, and beside the tests.
fn candidates(tree: &Path) -> Vec<(PathBuf, Purpose)> {
    let mut found = Vec::new();
    for folder in [
        "",
        "requirements",
        "reqs",
        "requirements-dev",
        "test",
        "tests",
        "testing",
        "ci",
    ] {
        let Ok(entries) = std::fs::read_dir(tree.join(folder)) else {
            continue;
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let Some(stem) = name
                .strip_suffix(".txt")
                .or_else(|| name.strip_suffix(".pip"))
            else {
                continue;
            };
            let in_requirements = folder.starts_with("req");
            if !in_requirements && !stem.contains("req") {
                continue;
            }
            let in_tests = folder.starts_with("test");
            let plain = [
                "requirements",
                "requirement",
                "base",
                "main",
                "install",
                "requires",
            ];
            let purpose = match purpose_of(stem) {
                Purpose::Other if in_tests => Purpose::Tests,
                Purpose::Other if plain.contains(&stem) => Purpose::Runtime,
                purpose => purpose,
            };
            found.push((Path::new(folder).join(name), purpose));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    // `tests37.txt` beside `tests.txt` holds the pins of one old Python.
    let plain: BTreeSet<PathBuf> = found.iter().map(|(path, _)| path.clone()).collect();
    found.retain(|(path, _)| {
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let base = stem
            .trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')
            .trim_end_matches(['-', '_']);
        let other = path.with_file_name(format!("{base}.txt"));
        base == stem || !plain.contains(&other)
    });
    found
}

/// The requirement lines of a file and of those it names with `-r`, in order.
pub(super) fn read_file(
    tree: &Path,
    path: &Path,
    seen: &mut BTreeSet<PathBuf>,
    notes: &mut Vec<String>,
) -> Vec<String> {
    let Some(path) = inside(path) else {
        notes.push(format!(
            "{} lies outside of the repository and is not read",
            path.display()
        ));
        return Vec::new();
    };
    // Also ends a circle of files that name each other.
    if !seen.insert(path.clone()) {
        return Vec::new();
    }
    let Some(text) = super::text_of(tree, &path) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for line in text.replace("\\\r\n", " ").replace("\\\n", " ").lines() {
        match parse_line(line) {
            Line::Nothing => {}
            Line::Requirement(requirement) => lines.push(requirement),
            Line::File(other) => {
                let folder = path.parent().unwrap_or(Path::new(""));
                lines.extend(read_file(tree, &folder.join(other), seen, notes));
            }
            Line::Unusable(line) => {
                notes.push(format!(
                    "{}: `{line}` cannot be locked and is left out",
                    path.display()
                ));
            }
        }
    }
    lines
}

pub(super) enum Line {
    Nothing,
    Requirement(String),
    File(String),
    Unusable(String),
}

/// One line of a requirements file or of tox's `deps`.
pub(super) fn parse_line(line: &str) -> Line {
    let line = line.split(" #").next().unwrap_or_default().trim();
    if line.is_empty() || line.starts_with('#') {
        return Line::Nothing;
    }
    for flag in ["-r", "--requirement"] {
        if let Some(file) = line.strip_prefix(flag) {
            return Line::File(file.trim_start_matches(['=', ' ', '\t']).to_owned());
        }
    }
    // Constraints bound versions without asking for anything; old ones do more harm than good here.
    if line.starts_with('-') || line.starts_with('.') || line.starts_with('/') {
        let editable_self = line.contains(" .") || line.starts_with('.');
        return if editable_self || line.starts_with("-c") || line.starts_with("--") {
            Line::Nothing
        } else {
            Line::Unusable(line.to_owned())
        };
    }
    let requirement = line.split(" --").next().unwrap_or_default().trim();
    if requirement.contains("://") || requirement.contains('{') || requirement.contains('$') {
        return Line::Unusable(line.to_owned());
    }
    match distribution_name(requirement) {
        Some(_) => Line::Requirement(requirement.to_owned()),
        None => Line::Unusable(line.to_owned()),
    }
}

/// A relative path with its `..` resolved, if it stays inside.
fn inside(path: &Path) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => clean.push(part),
            Component::CurDir => {}
            Component::ParentDir => {
                if !clean.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(clean)
}
