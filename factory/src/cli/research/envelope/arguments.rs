//! Flags that choose a family, shared by the verbs.

use anyhow::Context as _;
use clap::Args;
use swemill_research::envelope::parameters::{Multiplier, Number, Parameters};

/// One family of chords.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct FamilyArguments {
    /// Multiplier m = p/q: how many times as fast the second point runs; may be negative
    #[arg(short, long, value_name = "P/Q", allow_hyphen_values = true)]
    pub(super) m: Multiplier,
    /// Centre of the second circle, first coordinate: a fraction or a decimal
    #[arg(
        short,
        long,
        value_name = "NUMBER",
        default_value = "0",
        allow_hyphen_values = true
    )]
    pub(super) a: Number,
    /// Centre of the second circle, second coordinate
    #[arg(
        short,
        long,
        value_name = "NUMBER",
        default_value = "0",
        allow_hyphen_values = true
    )]
    pub(super) b: Number,
    /// Radius of the second circle; the first is the unit circle about the origin
    #[arg(
        short,
        long,
        value_name = "NUMBER",
        default_value = "1",
        allow_hyphen_values = true
    )]
    pub(super) r: Number,
}

impl FamilyArguments {
    pub(super) fn parameters(&self) -> anyhow::Result<Parameters> {
        let (a, b, r) = (self.a.clone(), self.b.clone(), self.r.clone());
        Ok(Parameters::new(self.m, a, b, r)?)
    }

    /// The family in words.
    pub(super) fn title(&self) -> String {
        format!(
            "m = {}, centre ({}, {}), radius {}",
            self.m, self.a, self.b, self.r
        )
    }

    /// The family as JSON, numbers as they were understood.
    pub(super) fn as_json(&self) -> serde_json::Value {
        serde_json::json!({
            "m": self.m.to_string(),
            "a": self.a.to_string(),
            "b": self.b.to_string(),
            "r": self.r.to_string(),
        })
    }
}

/// The plane of centres that is looked at.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct Centres {
    /// Range of a
    #[arg(
        long,
        value_name = "LOW:HIGH",
        default_value = "-2:2",
        allow_hyphen_values = true
    )]
    a: String,
    /// Range of b
    #[arg(
        long,
        value_name = "LOW:HIGH",
        default_value = "-2:2",
        allow_hyphen_values = true
    )]
    b: String,
}

impl Centres {
    pub(super) fn a(&self) -> anyhow::Result<[f64; 2]> {
        range(&self.a)
    }

    pub(super) fn b(&self) -> anyhow::Result<[f64; 2]> {
        range(&self.b)
    }
}

/// A range LOW:HIGH.
pub(super) fn range(text: &str) -> anyhow::Result<[f64; 2]> {
    let (low, high) = text
        .split_once(':')
        .with_context(|| format!("{text:?} is no range; write LOW:HIGH, such as -2:2"))?;
    let ends = [
        low.parse::<Number>()?.to_f64(),
        high.parse::<Number>()?.to_f64(),
    ];
    anyhow::ensure!(
        ends[0] < ends[1],
        "the range {text} is empty; give the smaller end first"
    );
    Ok(ends)
}

/// A point A,B,R of parameters.
pub(super) fn place(text: &str) -> anyhow::Result<[f64; 3]> {
    let numbers: Vec<f64> = text
        .split(',')
        .map(|part| part.parse::<Number>().map(|number| number.to_f64()))
        .collect::<Result<_, _>>()?;
    let place: [f64; 3] = numbers
        .try_into()
        .ok()
        .with_context(|| format!("{text:?} is no place; write A,B,R, such as 1/3,0.25,0.25"))?;
    anyhow::ensure!(place[2] >= 0.0, "the radius in {text} is negative");
    Ok(place)
}
