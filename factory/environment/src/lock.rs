//! Resolving requirements to exact versions with hashes.

use std::collections::BTreeSet;
use std::path::Path;

use swemill_sandbox::Upper;

use crate::error::{Result, Step};
use crate::install::version_variables;
use crate::plan::{Plan, distribution_name, normalise, without_versions};
use crate::words;
use crate::workshop::{self, Room, Trust, Workshop};

/// The oldest pytest that reports what swemill needs to know.
const PYTEST: &str = "pytest>=6.2";

/// What is to be resolved together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// What it is, for people.
    pub(crate) name: &'static str,
    /// Requirement lines.
    pub(crate) requirements: Vec<String>,
    /// Extras of the project whose backend has to be asked what it needs; `None` when that is written down.
    pub(crate) ask_backend: Option<Vec<String>>,
}

/// What to try to resolve, the fullest first: each gives up something that old repositories get wrong.
pub(crate) fn wishes(plan: &Plan, additions: &[String]) -> Vec<Wish> {
    let extras: Vec<String> = plan.test_extras().into_iter().map(str::to_owned).collect();
    let extra_lines: Vec<String> = extras
        .iter()
        .flat_map(|extra| extra_lines(plan, extra, 0))
        .collect();
    let own = own_requirements(plan);
    let tests = plan.test_requirements();
    let loose = |lines: &[String]| {
        lines
            .iter()
            .map(|line| without_versions(line))
            .collect::<Vec<_>>()
    };
    let firsts = first_of_each(&tests);
    let wish = |name, parts: &[&[String]], ask_backend| {
        let mut requirements = Vec::new();
        for line in parts.iter().copied().flatten().chain(additions) {
            let of_project = distribution_name(line) == plan.distribution.as_deref().map(normalise);
            if !of_project && !requirements.contains(line) {
                requirements.push(line.clone());
            }
        }
        requirements.push(PYTEST.to_owned());
        Wish {
            name,
            requirements,
            ask_backend,
        }
    };
    let mut wishes = Vec::new();
    if plan.asks_backend {
        wishes.push(wish(
            "everything, as the project's backend says",
            &[&tests],
            Some(extras.clone()),
        ));
        wishes.push(wish(
            "the first line for each test requirement",
            &[&firsts],
            Some(extras.clone()),
        ));
        wishes.push(wish(
            "test requirements without versions",
            &[&loose(&extra_lines), &loose(&tests)],
            Some(vec![]),
        ));
        wishes.push(wish(
            "the project and pytest, as the project's backend says",
            &[],
            Some(vec![]),
        ));
    }
    wishes.push(wish(
        "everything that is written down",
        &[&own, &extra_lines, &tests],
        None,
    ));
    wishes.push(wish(
        "the first line for each test requirement, as written down",
        &[&own, &extra_lines, &firsts],
        None,
    ));
    wishes.push(wish(
        "test requirements without versions, as written down",
        &[&own, &loose(&extra_lines), &loose(&tests)],
        None,
    ));
    wishes.push(wish(
        "the project and pytest, as written down",
        &[&own],
        None,
    ));
    wishes.push(wish(
        "the project without versions and pytest",
        &[&loose(&own)],
        None,
    ));
    wishes.dedup_by(|later, earlier| {
        later.requirements == earlier.requirements && later.ask_backend == earlier.ask_backend
    });
    wishes
}

/// Lines without those that ask for a distribution that an earlier one asked for: repositories keep pins for
/// several Pythons side by side. Lines with markers say themselves when they count.
fn first_of_each(lines: &[String]) -> Vec<String> {
    let mut names = BTreeSet::new();
    let first = lines
        .iter()
        .filter(|line| line.contains(';') || names.insert(distribution_name(line)));
    first.cloned().collect()
}

/// What the project itself needs: its metadata's list, or its requirements file when it has no metadata.
fn own_requirements(plan: &Plan) -> Vec<String> {
    if plan.dependencies.is_empty() && !plan.dependencies_are_known {
        plan.runtime_requirements()
    } else {
        plan.dependencies.clone()
    }
}

/// The lines of an extra; those that name the project's own extras are followed.
fn extra_lines(plan: &Plan, extra: &str, depth: usize) -> Vec<String> {
    let own = plan.distribution.as_deref().map(normalise);
    let mut lines = Vec::new();
    for line in plan.extras.get(extra).into_iter().flatten() {
        if own.is_some() && distribution_name(line) == own {
            let inner = line
                .split_once('[')
                .and_then(|(_, rest)| rest.split_once(']'));
            for other in inner
                .map(|(names, _)| names.split(','))
                .into_iter()
                .flatten()
            {
                // A circle of extras ends here.
                if depth < 8 {
                    lines.extend(extra_lines(plan, other.trim(), depth + 1));
                }
            }
        } else {
            lines.push(line.clone());
        }
    }
    lines
}

/// Resolves a wish. Only when something has to be built to know what it needs does foreign code run.
pub(crate) async fn resolve(
    workshop: &Workshop<'_>,
    wish: &Wish,
    tree: &Path,
    version: Option<&str>,
    cutoff: Option<&str>,
) -> Result<String> {
    if wish.ask_backend.is_none() {
        let room = workshop
            .open(Step::Lock, Trust::Trusted, Vec::new())
            .await?;
        let done = compile(
            workshop,
            &room,
            &wish.requirements,
            &["--no-build"],
            version,
            cutoff,
        )
        .await?;
        if done.success {
            return Ok(tidy(&done.stdout));
        }
        if !done.stderr.contains("building from source is disabled") {
            return Err(words::failure(
                Step::Lock,
                "the requirements cannot be resolved",
                &done.text(),
            ));
        }
    }
    let trees = vec![workshop::testbed(vec![tree.to_owned()], Upper::Memory)];
    let room = workshop.open(Step::Lock, Trust::Foreign, trees).await?;
    let mut requirements = wish.requirements.clone();
    if let Some(extras) = &wish.ask_backend {
        let extras = if extras.is_empty() {
            String::new()
        } else {
            format!("[{}]", extras.join(","))
        };
        requirements.push(format!("{}{extras}", crate::built::TESTBED));
    }
    let done = compile(workshop, &room, &requirements, &[], version, cutoff).await?;
    if done.success {
        return Ok(tidy(&done.stdout));
    }
    Err(words::failure(
        Step::Lock,
        "the requirements cannot be resolved",
        &done.text(),
    ))
}

async fn compile(
    workshop: &Workshop<'_>,
    room: &Room,
    requirements: &[String],
    more: &[&str],
    version: Option<&str>,
    cutoff: Option<&str>,
) -> Result<workshop::Done> {
    let python = workshop.interpreter.path_inside().display().to_string();
    let mut words = vec![
        "pip",
        "compile",
        "-",
        "--quiet",
        "--no-header",
        "--no-annotate",
        "--generate-hashes",
        "--python",
        &python,
    ];
    words.extend(more);
    if let Some(day) = cutoff {
        words.extend(["--exclude-newer", day]);
    }
    let mut command = Room::uv(&words).stdin(requirements.join("\n") + "\n");
    command.variables.extend(version_variables(version));
    room.run(command).await
}

/// The lock without what is not an exact version of a distribution: the project itself, index settings.
fn tidy(text: &str) -> String {
    let mut tidy = String::new();
    let mut keep = false;
    for line in text.lines() {
        if line.starts_with([' ', '\t']) {
            // A hash of the entry above.
        } else {
            keep = line.contains("==") && !line.starts_with(['-', '#', '.', '/']);
        }
        if keep {
            tidy.push_str(line.trim_end());
            tidy.push('\n');
        }
    }
    tidy
}

/// Names, normalised, and versions in a lock.
pub(crate) fn entries(lock: &str) -> Vec<(String, String)> {
    lock.lines()
        .filter(|line| !line.starts_with([' ', '\t', '#']))
        .filter_map(|line| {
            let (name, rest) = line.split_once("==")?;
            let version = rest.split([' ', ';', '\\']).next()?;
            Some((distribution_name(name)?, version.to_owned()))
        })
        .collect()
}

/// The entries of a lock whose names are, or are not, among `names`.
pub(crate) fn select(lock: &str, names: &[String], among: bool) -> String {
    let mut selected = String::new();
    let mut keep = false;
    for line in lock.lines() {
        if !line.starts_with([' ', '\t']) {
            let name = distribution_name(line).unwrap_or_default();
            keep = names.contains(&name) == among;
        }
        if keep {
            selected.push_str(line);
            selected.push('\n');
        }
    }
    selected
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "alpha==1.0 \\\n    --hash=sha256:aa\nBeta_x==2.0 ; python_version < '3' \\\n    --hash=sha256:bb\n";

    #[test]
    fn entries_and_selections_follow_normalised_names() {
        assert_eq!(
            entries(LOCK),
            [
                ("alpha".into(), "1.0".into()),
                ("beta-x".into(), "2.0".to_owned())
            ]
        );
        let built = ["beta-x".to_owned()];
        assert_eq!(
            select(LOCK, &built, false),
            "alpha==1.0 \\\n    --hash=sha256:aa\n"
        );
        assert!(select(LOCK, &built, true).starts_with("Beta_x"));
    }

    #[test]
    fn the_project_itself_is_in_no_lock() {
        let text =
            "alpha==1.0 \\\n    --hash=sha256:aa\nfile:///testbed\n    # via -r -\n/testbed\n";
        assert_eq!(tidy(text), "alpha==1.0 \\\n    --hash=sha256:aa\n");
    }

    #[test]
    fn wishes_give_up_pins_first_and_the_test_requirements_last() {
        let plan = Plan {
            distribution: Some("Own".into()),
            dependencies_are_known: true,
            dependencies: vec!["runtime>=1".into()],
            extras: [
                ("test".to_owned(), vec!["own[more]".to_owned()]),
                ("more".into(), vec!["helper==1".into()]),
            ]
            .into(),
            ..Plan::default()
        };
        let names: Vec<Vec<String>> = wishes(&plan, &["added".into()])
            .into_iter()
            .map(|wish| wish.requirements)
            .collect();
        assert_eq!(names[0], ["runtime>=1", "helper==1", "added", PYTEST]);
        assert_eq!(names[1], ["runtime>=1", "helper", "added", PYTEST]);
        assert_eq!(names[2], ["runtime>=1", "added", PYTEST]);
        assert_eq!(names[3], ["runtime", "added", PYTEST]);
    }
}
