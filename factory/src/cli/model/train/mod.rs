//! `swemill model train`.

mod arguments;
mod follower;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use candle_core::DType;
use serde::Serialize;
use swemill_model::device::NumberFormat;
use swemill_model::store::Store;
use swemill_model::training::{Document, Initial, Language, Plan, Reader, Trainer, export, run};
use swemill_model::weights::Keep;
use swemill_model::{Opened, Options};

pub(in crate::cli) use arguments::Arguments;
use follower::Follower;

use crate::cli::exit;
use crate::cli::output::Output;
use crate::models;

/// What `--json` prints.
#[derive(Serialize)]
struct Answer {
    steps: u64,
    documents: usize,
    trained_parameters: usize,
    loss: Option<f64>,
    evaluation: Option<f64>,
    tokens: u64,
    interrupted: bool,
    model: Option<String>,
}

/// Trains on another thread, so that Ctrl-C is heard: the run then ends with a checkpoint.
pub(super) async fn run_verb(
    arguments: Arguments,
    store: &Store,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let path = models::find(&arguments.from, store)?.weights;
    let stop = Arc::new(AtomicBool::new(false));
    let heard = Arc::clone(&stop);
    let listener = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            heard.store(true, Ordering::Relaxed);
        }
    });
    let told = output.clone();
    let work = tokio::task::spawn_blocking(move || train(&arguments, &path, stop, &told));
    let code = work.await.context("the training thread panicked")?;
    listener.abort();
    code
}

fn train(
    arguments: &Arguments,
    path: &Path,
    stop: Arc<AtomicBool>,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    // Parameters and their moments are kept in single precision wherever they are.
    let options = Options {
        keep: Keep::Dense,
        ..Options::at(
            arguments.device.unwrap_or_default(),
            Some(NumberFormat(DType::F32)),
        )?
    };
    let mut model = Opened::open(path, &options)?;
    let reader = Reader::new(&model, arguments.context)?;
    let read = |paths: &[std::path::PathBuf]| -> anyhow::Result<Vec<Document>> {
        let files = paths.iter().map(|path| Ok(reader.read(path)?));
        Ok(files.collect::<anyhow::Result<Vec<_>>>()?.concat())
    };
    let (documents, evaluated) = (read(&arguments.data)?, read(&arguments.evaluate)?);
    let tokens = documents.iter().map(|document| document.tokens.len()).sum();
    let recipe = arguments.recipe(tokens)?;
    let steps = recipe.schedule.steps;
    let device = options.device.clone();
    let mut initial;
    let weights: &mut dyn swemill_model::Weights = if arguments.fresh {
        initial = Initial::new(&model.config, arguments.seed, 0.02, DType::F32, &device);
        &mut initial
    } else {
        &mut *model.weights
    };
    let mut trainer = Trainer::new(model.config.clone(), weights, recipe, DType::F32, &device)?;
    output.note(format!(
        "{} documents of {tokens} tokens, {:.1} M of parameters trained, {steps} steps",
        documents.len(),
        super::millions(trainer.parameters.count()),
    ));
    let plan = Plan {
        step_tokens: arguments.step_tokens,
        evaluate_every: arguments.evaluate_every,
        checkpoint_every: arguments.checkpoint_every,
        folder: Some(arguments.out.clone()),
        seed: arguments.seed,
    };
    let mut follower = Follower::new(output, steps, &evaluated, stop);
    run(&mut trainer, &documents, &plan, &mut follower)?;
    let last = follower.finish();
    let interrupted = trainer.steps() < steps;
    let folder = arguments.out.join("model");
    if !interrupted {
        let language = Language {
            tokenizer: model.tokenizer,
            chat_template: model.chat_template,
            begin_token: model.begin_token,
            end_token: model.end_tokens.first().copied(),
        };
        export(&folder, &trainer, &language, arguments.dtype.into())?;
    }
    let answer = Answer {
        steps: trainer.steps(),
        documents: documents.len(),
        trained_parameters: trainer.parameters.count(),
        loss: last.map(|record| record.report.loss),
        evaluation: last.and_then(|record| record.evaluation),
        tokens: last.map_or(0, |record| record.total_tokens),
        interrupted,
        model: (!interrupted).then(|| folder.display().to_string()),
    };
    if output.is_json() {
        output.document(&answer)?;
    } else {
        tell(&answer, arguments, output);
    }
    Ok(if interrupted {
        ExitCode::from(exit::INTERRUPTED)
    } else {
        ExitCode::SUCCESS
    })
}

fn tell(answer: &Answer, arguments: &Arguments, output: &Output) {
    if let Some(model) = &answer.model {
        output.line(format!("{} trained: {model}", output.bold("model")));
    } else {
        output.line(format!(
            "interrupted after step {}; the same command goes on from there",
            answer.steps
        ));
    }
    if let Some(loss) = answer.loss {
        output.line(format!("  last loss  {loss:.4}"));
    }
    if let Some(loss) = answer.evaluation {
        output.line(format!("  evaluation {loss:.4}"));
    }
    output.line(format!(
        "  metrics    {}",
        arguments.out.join("metrics.jsonl").display()
    ));
    output.line(format!(
        "  curve      {}",
        arguments.out.join("loss.svg").display()
    ));
}
