//! `swemill research envelope walls`.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use swemill_research::envelope::parameters::Multiplier;
use swemill_research::envelope::walls::{ParameterPath, Signature, walls};

use super::arguments::place;
use crate::cli::output::Output;
use crate::cli::progress::Progress;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Multiplier m = p/q
    #[arg(short, long, value_name = "P/Q", allow_hyphen_values = true)]
    m: Multiplier,
    /// Where the path starts
    #[arg(long, value_name = "A,B,R", allow_hyphen_values = true)]
    from: String,
    /// Where it ends
    #[arg(long, value_name = "A,B,R", allow_hyphen_values = true)]
    to: String,
    /// Places looked at along the path; walls that undo each other between two of them are missed
    #[arg(long, value_name = "N", default_value_t = 200)]
    samples: u32,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<ExitCode> {
    let path = ParameterPath {
        multiplier: arguments.m,
        from: place(&arguments.from)?,
        to: place(&arguments.to)?,
    };
    let progress = Progress::new(output);
    let bar = progress.bar("samples", u64::from(arguments.samples) + 1);
    let found = walls(&path, arguments.samples, &|| bar.inc(1));
    progress.finish();
    let found = found?;
    if output.is_json() {
        let (from, to) = (path.from, path.to);
        output.document(&json!({
            "m": arguments.m.to_string(), "from": from, "to": to, "walls": found,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    output.line(output.bold(format_args!(
        "m = {} from {} to {}: {} walls",
        arguments.m,
        arguments.from,
        arguments.to,
        found.len()
    )));
    for wall in &found {
        let [a, b, r] = wall.parameters;
        let events = wall.events.iter().map(|event| {
            let name = serde_json::to_value(event).unwrap_or_default();
            name.as_str().unwrap_or_default().replace('_', " ")
        });
        let events = events.collect::<Vec<_>>().join(", ");
        output.line(format_args!("  ({a:.9}, {b:.9}, {r:.9})  {events}"));
        output.line(format_args!("    {}", changes(&wall.before, &wall.after)));
    }
    Ok(ExitCode::SUCCESS)
}

/// The counts that differ.
fn changes(before: &Signature, after: &Signature) -> String {
    let both = [before, after].map(|signature| serde_json::to_value(signature).unwrap_or_default());
    let [Some(before), Some(after)] = both.each_ref().map(|value| value.as_object()) else {
        return String::new();
    };
    let differing = before
        .iter()
        .filter(|(name, value)| after.get(*name) != Some(value));
    let lines = differing.map(|(name, value)| {
        let then = after.get(name).cloned().unwrap_or_default();
        format!("{} {value} to {then}", name.replace('_', " "))
    });
    lines.collect::<Vec<_>>().join(", ")
}
