//! `swemill research envelope classify`.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use swemill_research::envelope::singularity::{Order, Parameter, Singularity, Standing, classify};

use super::arguments::FamilyArguments;
use crate::cli::output::Output;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    family: FamilyArguments,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<ExitCode> {
    let found = classify(&arguments.family.parameters()?)?;
    if output.is_json() {
        output
            .document(&json!({ "family": arguments.family.as_json(), "classification": found }))?;
        return Ok(ExitCode::SUCCESS);
    }
    output.line(output.bold(arguments.family.title()));
    for singularity in &found.singularities {
        output.line(format_args!("  {}", in_words(singularity)));
    }
    if found.singularities.is_empty() {
        output.line("  no cusps");
    }
    Ok(ExitCode::SUCCESS)
}

fn in_words(singularity: &Singularity) -> String {
    let order = match singularity.order {
        Order::Cusp => "A2 cusp",
        Order::Swallowtail => "A3 swallowtail",
        Order::Butterfly => "A4 butterfly",
        Order::CommonTangent => "common tangent",
    };
    let place = match singularity.point {
        Some([x, y]) => format!("({x:.9}, {y:.9})"),
        None => "infinity".to_owned(),
    };
    let standing = match singularity.standing {
        Standing::Proved => "proved".to_owned(),
        Standing::Clear => format!("wall {:.2e} away", singularity.distance),
        Standing::Undecided => format!("undecided: {:.2e} from the wall", singularity.distance),
    };
    let sets = singularity.unfolded_by.iter().map(|set| {
        let names = set.iter().map(|parameter| match parameter {
            Parameter::A => "a",
            Parameter::B => "b",
            Parameter::R => "r",
        });
        format!("{{{}}}", names.collect::<Vec<_>>().join(", "))
    });
    let sets: Vec<String> = sets.collect();
    let unfolding = match sets.as_slice() {
        [] => "not versal".to_owned(),
        [first] if first == "{}" => "versal".to_owned(),
        sets => format!("versal with {}", sets.join(" or ")),
    };
    format!(
        "{order:<15} u = {:.9}  at {place}  {standing}; {unfolding}",
        singularity.u
    )
}
