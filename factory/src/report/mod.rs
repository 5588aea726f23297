//! One page of HTML about rollouts: outcomes by campaign, curves, and every trajectory to read.
//!
//! The page needs no network and holds text that agents and repositories wrote. Templates escape all of it, and the page's
//! content security policy lets one script run, the page's own, named by its hash: were something not escaped, it still could
//! do nothing.

mod curves;
mod outcomes;
mod trajectory;

use std::io::Write;

use anyhow::Context as _;
use base64::Engine as _;
use futures_util::TryStreamExt as _;
use minijinja::value::Serde;
use minijinja::{Environment, Output, State, Value, context, escape_formatter};
use sha2::{Digest as _, Sha256};
use sqlx::PgPool;
use swemill_store::rollouts::{RolloutFilter, read};

use self::curves::Curves;
use self::outcomes::Outcomes;
use crate::obeyed::is_obeyed;
use crate::rollouts::trajectories;

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

/// What a report has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Reported {
    /// Rollouts that were counted.
    pub rollouts: u64,
    /// Trajectories to read.
    pub trajectories: u64,
    /// Trajectories that were left out because there are more than were asked for.
    pub left_out: u64,
}

/// Writes the page. Counts and curves are of all attempts of the filter's campaigns, models and instances, whatever their
/// outcome and words: a choice by outcome would make nonsense of pass@k. At most `most` trajectories follow, in memory one
/// at a time.
pub async fn write(
    pool: &PgPool,
    filter: RolloutFilter,
    most: u64,
    out: &mut impl Write,
) -> anyhow::Result<Reported> {
    let templates = templates()?;
    let mut reported = Reported::default();
    let (mut outcomes, mut curves) = (Outcomes::default(), Curves::default());
    let unchosen = RolloutFilter {
        outcome: None,
        search: None,
        ..filter.clone()
    };
    let mut rollouts = std::pin::pin!(read::stream(pool, unchosen));
    while let Some(rollout) = rollouts.try_next().await? {
        outcomes.count(&rollout);
        curves.count(&rollout);
        reported.rollouts += 1;
    }
    let mut part = |name: &str, values: Value| -> anyhow::Result<()> {
        let template = templates.get_template(name)?;
        let text = template.render(values);
        let text = text.with_context(|| format!("cannot render the report's {name}"))?;
        Ok(out.write_all(text.as_bytes())?)
    };
    let head = context! {
        style => STYLE,
        script_hash => base64::prelude::BASE64_STANDARD.encode(Sha256::digest(SCRIPT)),
        campaigns => Value::from(Serde(outcomes.rows())),
        curves => Value::from(Serde(curves.drawn())),
        rollouts => reported.rollouts,
    };
    part("head.html", head)?;
    let mut recorded = std::pin::pin!(trajectories::stream(pool, filter));
    while let Some((rollout, trajectory)) = recorded.try_next().await? {
        if reported.trajectories >= most {
            reported.left_out += 1;
            continue;
        }
        part("trajectory.html", trajectory::told(&rollout, &trajectory))?;
        reported.trajectories += 1;
    }
    part(
        "tail.html",
        context! { script => SCRIPT, ..Value::from(Serde(reported)) },
    )?;
    out.flush()?;
    Ok(reported)
}

/// The page's templates; their names end in `.html`, for which minijinja escapes whatever is put in.
fn templates() -> anyhow::Result<Environment<'static>> {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    templates.set_formatter(shown);
    for (name, source) in [
        ("head.html", include_str!("page/head.html")),
        ("trajectory.html", include_str!("page/trajectory.html")),
        ("tail.html", include_str!("page/tail.html")),
    ] {
        templates.add_template(name, source)?;
    }
    Ok(templates)
}

/// Escapes a text for its place, with characters that a page would obey (turning the direction of writing around, say)
/// shown as escapes.
fn shown(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), minijinja::Error> {
    match value.as_str() {
        Some(text) if !value.is_safe() && text.contains(is_obeyed) => {
            escape_formatter(out, state, &Value::from(visible(text)))
        }
        _ => escape_formatter(out, state, value),
    }
}

fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_obeyed(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_text_says_stays_text() {
        let templates = templates().unwrap();
        let hostile = "</pre><script>alert(1)</script><img src=x onerror='alert(2)'>\" '&amp;\u{202e}\x1b[2J\0";
        let told = trajectory::Told::saying(hostile);
        let template = templates.get_template("trajectory.html").unwrap();
        let page = template.render(Value::from(Serde(told))).unwrap();
        assert!(
            !page.contains("<script") && !page.contains("<img"),
            "{page}"
        );
        assert!(!page.contains("onerror='") && page.contains("&lt;script&gt;"));
        assert!(!page.contains(is_obeyed) && page.contains("\\u{202e}\\u{1b}[2J\\u{0}"));
        assert_eq!(page.matches("<pre").count(), page.matches("</pre>").count());
    }
}
