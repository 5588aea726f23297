//! `swemill research envelope count`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;
use swemill_research::envelope::count::{Answer, Certainty, Count, Counts, Effort, Path, count};

use super::arguments::FamilyArguments;
use crate::cli::output::Output;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    family: FamilyArguments,
    /// Which way to count: formulas and whole-number algebra while quick, algebra always, or floats only
    #[arg(long, value_enum, default_value_t = Way::Automatic)]
    path: Way,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Way {
    Automatic,
    Exact,
    Float,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<ExitCode> {
    let effort = match arguments.path {
        Way::Automatic => Effort::Automatic,
        Way::Exact => Effort::Exact,
        Way::Float => Effort::Float,
    };
    let answer = count(&arguments.family.parameters()?, effort);
    if output.is_json() {
        output.document(&json!({ "family": arguments.family.as_json(), "answer": answer }))?;
        return Ok(ExitCode::SUCCESS);
    }
    output.line(output.bold(arguments.family.title()));
    match answer {
        Answer::Degenerate(reason) => output.line(format_args!("  no envelope: {reason}")),
        Answer::Counts(counts) => table(&counts, output),
    }
    Ok(ExitCode::SUCCESS)
}

fn table(counts: &Counts, output: &Output) {
    let rows: [(&str, Count); 11] = [
        ("cusps", counts.cusps),
        ("points at infinity", counts.points_at_infinity),
        ("  distinct directions", counts.directions_at_infinity),
        ("crossings, projective", counts.nodes_projective),
        ("  at infinity", counts.nodes_at_infinity),
        ("  in the plane", counts.nodes_affine),
        ("bitangents", counts.bitangents),
        ("contacts, unit circle", counts.contacts_unit_circle),
        ("contacts, second circle", counts.contacts_second_circle),
        ("degree", counts.degree),
        ("class", counts.class),
    ];
    for (name, count) in rows {
        let how = match (count.path, count.certainty) {
            (Path::ClosedForm, _) => "formula",
            (Path::Exact, _) => "exact",
            (Path::Enclosure, _) => "found in floats, proved in intervals",
            (Path::Float, Certainty::Undecided) => "undecided: a wall is too near for floats",
            (Path::Float, Certainty::Isolated) => "floats, every zero isolated",
            (Path::Float, _) => "floats, searched",
        };
        output.line(format_args!("  {name:<24} {:>6}   {how}", count.value));
    }
    let higher = counts
        .cusp_orders
        .iter()
        .enumerate()
        .skip(1)
        .filter(|(_, count)| **count > 0);
    for (index, number) in higher {
        output.line(format_args!(
            "  of the cusps, {number} of type A{}",
            index + 2
        ));
    }
}
