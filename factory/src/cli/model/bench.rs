//! `swemill model bench`.

use std::{process::ExitCode, time::Instant};

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;
use swemill_model::{
    Host,
    engine::{Answer, Event, Request, RequestError},
    host::Setup,
    kernels::Pool,
    store::Store,
};

use super::open::{self, Computing};
use crate::cli::output::Output;
use crate::models;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// A model of the store, a folder with a model, or a GGUF file
    #[arg(value_name = "MODEL")]
    model: String,
    /// Tokens of a prompt
    #[arg(long, value_name = "N", default_value_t = 256)]
    prompt_tokens: u32,
    /// Tokens of an answer
    #[arg(long, value_name = "N", default_value_t = 32)]
    new_tokens: usize,
    /// Sequences at the same time
    #[arg(long, value_name = "N", default_value_t = 1)]
    sequences: usize,
    /// Times that it is measured
    #[arg(long, value_name = "N", default_value_t = 5)]
    runs: usize,
    #[command(flatten)]
    pub(super) computing: Computing,
}

/// Tokens a second: all prompts together until the last has its first token, and all answers together after that.
#[derive(Debug, Clone, Copy, Serialize)]
struct Rates {
    prefill: f64,
    decode: f64,
}

#[derive(Serialize)]
struct Report<'a> {
    model: &'a str,
    threads: usize,
    prompt_tokens: u32,
    new_tokens: usize,
    sequences: usize,
    /// The middle one of each.
    median: Rates,
    runs: &'a [Rates],
}

/// Measures the engine with this model on this machine.
pub(super) async fn run(
    arguments: Arguments,
    store: &Store,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        arguments.prompt_tokens > 0 && arguments.new_tokens > 1 && arguments.sequences > 0,
        "there must be a prompt, at least two new tokens, and a sequence"
    );
    let model = models::find(&arguments.model, store)?;
    arguments.computing.start_threads();
    let setup = Setup {
        sequences: arguments.sequences,
        // What is measured is the model: nothing is found again, and nothing guessed.
        prefix_cache: false,
        guesses: 0,
        ..arguments.computing.setup()
    };
    let host = open::host(&model, setup, &arguments.computing.target).await?;
    let mut runs = Vec::new();
    // The first warms up: threads, pages, caches.
    for index in 0..=arguments.runs.max(1) {
        let rates = measure(&host, &arguments).await?;
        if index > 0 {
            runs.push(rates);
        }
    }
    let report = Report {
        model: &model.name,
        threads: Pool::global().threads(),
        prompt_tokens: arguments.prompt_tokens,
        new_tokens: arguments.new_tokens,
        sequences: arguments.sequences,
        median: Rates {
            prefill: median(runs.iter().map(|rates| rates.prefill)),
            decode: median(runs.iter().map(|rates| rates.decode)),
        },
        runs: &runs,
    };
    if output.is_json() {
        output.document(&report)?;
        return Ok(ExitCode::SUCCESS);
    }
    output.line(format!(
        "{}, {} threads, {} sequences, median of {} runs",
        output.bold(report.model),
        report.threads,
        report.sequences,
        runs.len()
    ));
    let Rates { prefill, decode } = report.median;
    output.line(format!(
        "  prefill  {prefill:8.1} tokens a second ({} tokens)",
        report.prompt_tokens
    ));
    output.line(format!(
        "  decode   {decode:8.1} tokens a second ({} tokens)",
        report.new_tokens
    ));
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::cast_precision_loss, reason = "counts of tokens are small")]
async fn measure(host: &Host, arguments: &Arguments) -> anyhow::Result<Rates> {
    let vocabulary = u32::try_from(host.engine().vocabulary().len()).unwrap_or(u32::MAX);
    let begun = Instant::now();
    let mut readers = Vec::new();
    for sequence in 0..arguments.sequences {
        // Which tokens they are does not change the time; they differ so that nothing is shared.
        let first = u32::try_from(sequence).unwrap_or_default();
        let prompt = (0..arguments.prompt_tokens).map(|index| (first + 7 * index) % vocabulary);
        let request = Request {
            ignore_end: true,
            ..Request::new(prompt.collect(), arguments.new_tokens)
        };
        readers.push(tokio::spawn(times(host.engine().submit(request)?)));
    }
    let mut times = Vec::new();
    for reader in readers {
        times.push(reader.await??);
    }
    // Sequences that are through their prompt write while others are still reading theirs; that is not counted as decoding.
    let last_first = times.iter().filter_map(|times| times.first()).max();
    let last_first = *last_first.context("no token came")?;
    let end = times.iter().flatten().max().copied().unwrap_or(last_first);
    let decoded = times
        .iter()
        .flatten()
        .filter(|&&time| time > last_first)
        .count();
    let prefilled = arguments.sequences as f64 * f64::from(arguments.prompt_tokens);
    Ok(Rates {
        prefill: prefilled / (last_first - begun).as_secs_f64(),
        decode: decoded as f64 / (end - last_first).as_secs_f64().max(1e-9),
    })
}

/// When each token came.
async fn times(mut answer: Answer) -> Result<Vec<Instant>, RequestError> {
    let mut times = Vec::new();
    while let Some(event) = answer.next().await {
        match event {
            Event::Token(_) => times.push(Instant::now()),
            Event::Done(_) => {}
            Event::Failed(error) => return Err(error),
        }
    }
    Ok(times)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
