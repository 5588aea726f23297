//! What `make bench-gpu` runs on a machine with a GPU, where there is no cargo: one program that checks numbers and measures.
//!
//! ```text
//! gpu check DEVICE GOLDEN             logits of every family against the golden files of model/tests/golden/decoders
//! gpu text DEVICE MODEL TOKENS        greedy tokens of a real model against the same on the CPU
//! gpu decode DEVICE CONFIG CONTEXT NEW RUNS SEQUENCES...   tokens a second of a model of random weights on the engine
//! ```
//!
//! DEVICE is what `--device` of `swemill model` takes. Each prints JSON objects, one a line. On the CPU the same tensor operations are
//! used as on a GPU, so that a run there goes through the same code.

mod check;
mod decode;
mod random;
mod text;

use std::{io::Write as _, path::Path};

use serde_json::Value;
use swemill_model::device::DeviceChoice;

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["check", device, golden] => check::run(device.parse()?, Path::new(golden)),
        ["text", device, model, tokens] => {
            text::run(device.parse()?, Path::new(model), tokens.parse()?)
        }
        [
            "decode",
            device,
            config,
            context,
            new,
            runs,
            sequences @ ..,
        ] => {
            let plan = decode::Plan {
                context: context.parse()?,
                new: new.parse()?,
                runs: runs.parse()?,
                sequences: sequences
                    .iter()
                    .map(|count| count.parse())
                    .collect::<Result<_, _>>()?,
            };
            decode::run(device.parse::<DeviceChoice>()?, Path::new(config), &plan).await
        }
        _ => Err("usage: gpu check DEVICE GOLDEN | text DEVICE MODEL TOKENS | decode DEVICE CONFIG CONTEXT NEW RUNS SEQUENCES...".into()),
    }
}

/// Prints one object at once: a run that is cut short leaves what it has measured.
fn tell(row: &Value) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{row}")?;
    out.flush()
}
