//! `swemill research envelope slice`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use swemill_research::envelope::parameters::{Multiplier, Number};
use swemill_research::envelope::slice::{SliceRequest, slice};

use super::arguments::Centres;
use crate::cli::output::Output;
use crate::cli::progress::Progress;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Multiplier m = p/q
    #[arg(short, long, value_name = "P/Q", allow_hyphen_values = true)]
    m: Multiplier,
    /// Radius of the second circle
    #[arg(short, long, value_name = "NUMBER", allow_hyphen_values = true)]
    r: Number,
    #[command(flatten)]
    centres: Centres,
    /// Cells along each side
    #[arg(long, value_name = "N", default_value_t = 500)]
    size: u16,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<ExitCode> {
    let side = usize::from(arguments.size);
    let request = SliceRequest {
        multiplier: arguments.m,
        r: arguments.r.to_f64(),
        a: arguments.centres.a()?,
        b: arguments.centres.b()?,
        size: [side, side],
    };
    let progress = Progress::new(output);
    let bar = progress.bar("rows", u64::from(arguments.size));
    let found = slice(request, &|| bar.inc(1));
    progress.finish();
    let found = found?;
    if output.is_json() {
        output.document(&json!({ "m": arguments.m.to_string(), "slice": found }))?;
        return Ok(ExitCode::SUCCESS);
    }
    output.line(output.bold(format_args!("m = {}, radius {}", arguments.m, arguments.r)));
    for (name, counts) in [
        ("cusps", &found.cusps),
        ("points at infinity", &found.points_at_infinity),
    ] {
        let mut shares = BTreeMap::<u16, u32>::new();
        for &count in counts {
            *shares.entry(count).or_default() += 1;
        }
        for (count, cells) in shares {
            let percent = 100.0 * f64::from(cells) / (f64::from(arguments.size).powi(2));
            output.line(format_args!(
                "  {count:>4} {name:<18} on {percent:5.1} % of the window"
            ));
        }
    }
    for [a, b] in &found.butterflies {
        output.line(format_args!("  butterfly at ({a:.9}, {b:.9})"));
    }
    Ok(ExitCode::SUCCESS)
}
