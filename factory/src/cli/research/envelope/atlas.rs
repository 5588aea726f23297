//! `swemill research envelope atlas`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use swemill_research::draw::page;
use swemill_research::envelope::drawing::atlas;
use swemill_research::envelope::parameters::Multiplier;
use swemill_research::envelope::singularity::{
    Region, butterfly_lines, rational_lines, swallowtail_surface,
};

use super::arguments::{Centres, range};
use crate::cli::output::Output;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Multiplier m = p/q
    #[arg(short, long, value_name = "P/Q", allow_hyphen_values = true)]
    m: Multiplier,
    #[command(flatten)]
    centres: Centres,
    /// Range of the radius
    #[arg(
        long,
        value_name = "LOW:HIGH",
        default_value = "0:2",
        allow_hyphen_values = true
    )]
    r: String,
    /// Lines of the swallowtail surface for each branch
    #[arg(long, value_name = "N", default_value_t = 100)]
    rulings: u16,
    /// Also draw every kind of picture on one self-contained page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<ExitCode> {
    let region = Region {
        a: arguments.centres.a()?,
        b: arguments.centres.b()?,
        r: range(&arguments.r)?,
    };
    if let Some(file) = &arguments.html {
        let title = format!("m = {}: envelopes of chords", arguments.m);
        let page = page(&title, &atlas(arguments.m, region)?);
        std::fs::write(file, page).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let butterflies: Vec<_> = butterfly_lines(arguments.m)
        .into_iter()
        .filter_map(|line| Some((line, region.clip(line.base, line.slope)?)))
        .collect();
    let rational: Vec<_> = rational_lines(arguments.m)
        .into_iter()
        .filter_map(|line| Some((line, region.clip(line.base, line.slope)?)))
        .collect();
    let surface: Vec<_> = swallowtail_surface(arguments.m, u32::from(arguments.rulings))
        .into_iter()
        .flatten()
        .filter_map(|line| Some((line, region.clip(line.base, line.slope)?)))
        .collect();
    if output.is_json() {
        let listed =
            |line: serde_json::Value, radii: [f64; 2]| json!({ "line": line, "radii": radii });
        let butterflies: Vec<_> = butterflies
            .iter()
            .map(|(line, radii)| listed(json!(line), *radii))
            .collect();
        let rational: Vec<_> = rational
            .iter()
            .map(|(line, radii)| listed(json!(line), *radii))
            .collect();
        let surface: Vec<_> = surface
            .iter()
            .map(|(line, radii)| listed(json!(line), *radii))
            .collect();
        output.document(&json!({
            "m": arguments.m.to_string(), "region": region, "butterfly_lines": butterflies,
            "rational_swallowtail_lines": rational, "swallowtail_surface": surface,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    output.line(output.bold(format_args!(
        "m = {}: centre (a, b) by radius r",
        arguments.m
    )));
    let centre =
        |[x, y]: [f64; 2], [s, t]: [f64; 2]| format!("({x:.6} {s:+.6} r, {y:.6} {t:+.6} r)");
    for (line, [low, high]) in &butterflies {
        let words = centre(line.base, line.slope);
        output.line(format_args!(
            "  butterfly    u = {:.6}  {words}  r from {low:.6} to {high:.6}",
            line.u
        ));
    }
    for (line, [low, high]) in &rational {
        let words = centre(line.base, line.slope);
        output.line(format_args!(
            "  swallowtail  u = {:.6}  {words}  r from {low:.6} to {high:.6}",
            line.u
        ));
    }
    output.line(format_args!(
        "  and {} sampled lines of the swallowtail surface (--json lists them)",
        surface.len()
    ));
    if let Some(file) = &arguments.html {
        output.line(format_args!("  pictures in {}", file.display()));
    }
    Ok(ExitCode::SUCCESS)
}
