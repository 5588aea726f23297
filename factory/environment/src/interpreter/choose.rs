//! Which interpreter a project should get.

use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};

use super::Interpreter;
use crate::error::{BuildFailure, Result, Step};
use crate::plan::Plan;

/// The oldest release that today's tools still install into.
const OLDEST: (u64, u64) = (3, 8);

/// The interpreters that a project may get, the best first.
///
/// Best is the newest that the project says it works with. A project that names none gets the newest of the
/// time when it was published: old packages break on Pythons that came after them. Then come newer ones, the
/// nearest first.
pub fn choose<'a>(
    installed: &'a [Interpreter],
    plan: &Plan,
    released: Option<&str>,
    notes: &mut Vec<String>,
) -> Result<Vec<&'a Interpreter>> {
    let specifiers: Vec<VersionSpecifiers> = plan
        .requires_python
        .iter()
        .filter_map(|text| {
            let parsed = parse(text);
            if parsed.is_none() {
                notes.push(format!(
                    "the Python requirement `{text}` cannot be read and is not applied"
                ));
            }
            parsed
        })
        .collect();
    let (mut fitting, other): (Vec<_>, Vec<_>) = installed
        .iter()
        .filter(|interpreter| interpreter.implementation == "cpython")
        .partition(|interpreter| fits(interpreter, &specifiers));
    if fitting.is_empty() {
        return Err(none_fits(&other, plan));
    }
    fitting.sort_by_key(|interpreter| std::cmp::Reverse(interpreter.version));
    let claimed = plan
        .claimed_pythons
        .iter()
        .copied()
        .filter(|&(major, _)| major == 3)
        .max();
    let Some(newest) = claimed.or_else(|| released.and_then(newest_python_of)) else {
        return Ok(fitting);
    };
    let (then, mut later): (Vec<_>, Vec<_>) = fitting
        .into_iter()
        .partition(|interpreter| (interpreter.version.0, interpreter.version.1) <= newest);
    later.reverse();
    Ok(then.into_iter().chain(later).collect())
}

fn fits(interpreter: &Interpreter, specifiers: &[VersionSpecifiers]) -> bool {
    let (major, minor, patch) = interpreter.version;
    let version = Version::new([major, minor, patch]);
    (major, minor) >= OLDEST && specifiers.iter().all(|set| set.contains(&version))
}

/// Specifiers, with the old habit of `>=3.6.*` mended.
fn parse(text: &str) -> Option<VersionSpecifiers> {
    let text = text.trim().trim_end_matches(',');
    VersionSpecifiers::from_str(text).ok().or_else(|| {
        let mended: Vec<String> = text
            .split(',')
            .map(|part| {
                let part = part.trim();
                if part.starts_with("==") || part.starts_with("!=") {
                    part.to_owned()
                } else {
                    part.replace(".*", "")
                }
            })
            .collect();
        VersionSpecifiers::from_str(&mended.join(",")).ok()
    })
}

/// The newest Python of a day: 3.8 came in October 2019 and one came every October since.
fn newest_python_of(day: &str) -> Option<(u64, u64)> {
    let mut parts = day.split('-');
    let year: u64 = parts.next()?.parse().ok()?;
    let month: u64 = parts.next()?.parse().ok()?;
    // Before 2019 everything that is installed came later.
    let Some(years) = year.checked_sub(2019) else {
        return Some(OLDEST);
    };
    let minor = if month >= 11 { 8 + years } else { 7 + years };
    Some((3, minor.max(OLDEST.1)))
}

fn none_fits(found: &[&Interpreter], plan: &Plan) -> BuildFailure {
    let asked = if plan.requires_python.is_empty() {
        format!("Python {}.{} or newer", OLDEST.0, OLDEST.1)
    } else {
        format!("Python {}", plan.requires_python.join(" and "))
    };
    let releases: Vec<String> = found
        .iter()
        .map(|interpreter| interpreter.release())
        .collect();
    let releases = if releases.is_empty() {
        "none".to_owned()
    } else {
        releases.join(", ")
    };
    BuildFailure::environment(
        Step::Interpreter,
        format!("the project needs {asked}; installed here: {releases}"),
        "install a fitting CPython, for example with `uv python install` or pyenv, and try again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed() -> Vec<Interpreter> {
        (7..14)
            .rev()
            .map(|minor| Interpreter {
                implementation: "cpython".into(),
                version: (3, minor, 1),
                prefix: "/usr".into(),
                program: format!("bin/python3.{minor}").into(),
            })
            .collect()
    }

    fn chosen(plan: &Plan, released: Option<&str>) -> Vec<u64> {
        let installed = installed();
        let chosen = choose(&installed, plan, released, &mut Vec::new()).unwrap();
        chosen
            .iter()
            .map(|interpreter| interpreter.version.1)
            .collect()
    }

    #[test]
    fn a_project_that_says_nothing_gets_the_newest() {
        assert_eq!(chosen(&Plan::default(), None), [13, 12, 11, 10, 9, 8]);
    }

    #[test]
    fn classifiers_bound_the_first_choice_and_newer_ones_come_after() {
        let plan = Plan {
            claimed_pythons: vec![(2, 7), (3, 6), (3, 10)],
            ..Plan::default()
        };
        assert_eq!(chosen(&plan, None), [10, 9, 8, 11, 12, 13]);
    }

    #[test]
    fn the_day_of_release_bounds_a_project_without_classifiers() {
        assert_eq!(chosen(&Plan::default(), Some("2021-03-01"))[0], 9);
        assert_eq!(
            chosen(&Plan::default(), Some("2014-03-01")),
            [8, 9, 10, 11, 12, 13]
        );
    }

    #[test]
    fn requirements_bound_every_choice_even_in_old_spelling() {
        let plan = Plan {
            requires_python: vec![">=3.9.*,!=3.11.*,<3.13".into()],
            ..Plan::default()
        };
        assert_eq!(chosen(&plan, None), [12, 10, 9]);
    }

    #[test]
    fn what_cannot_be_met_names_what_is_there_and_what_to_do() {
        let plan = Plan {
            requires_python: vec![">=4".into()],
            ..Plan::default()
        };
        let installed = installed();
        let failure = choose(&installed, &plan, None, &mut Vec::new()).unwrap_err();
        assert!(
            failure.reason.contains(">=4") && failure.reason.contains("3.13.1"),
            "{failure}"
        );
        assert!(failure.remedy.contains("uv python install"), "{failure}");
    }
}
