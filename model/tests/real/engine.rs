//! The engine over SmolLM2-135M-Instruct: how requests are computed must not show in what is answered.

use std::sync::Arc;

use swemill_model::{
    Model, Options, Wanted,
    engine::{
        self, Engine, Outcome, PagedDecoder, Request, RequestError, Settings, Step, Vocabulary,
    },
};

use crate::models;

/// An engine over a model, with changed settings.
pub(crate) fn start(model: &Model, change: impl FnOnce(&mut Settings)) -> Engine {
    start_as(model, change, |paged| Box::new(paged))
}

fn start_as(
    model: &Model,
    change: impl FnOnce(&mut Settings),
    wrap: impl FnOnce(PagedDecoder) -> Box<dyn engine::Model>,
) -> Engine {
    let mut settings = Settings {
        blocks: 512,
        ends: model.end_tokens.iter().copied().collect(),
        ..Settings::default()
    };
    change(&mut settings);
    let paged = PagedDecoder::new(model.decoder.clone(), &settings).unwrap();
    let vocabulary = Arc::new(Vocabulary::of(&model.tokenizer));
    Engine::start(wrap(paged), vocabulary, settings).unwrap()
}

fn model() -> Option<Model> {
    let installed = models::installed("smollm2-135m-instruct")?;
    Some(Model::open(&installed.weights(), &Options::default()).unwrap())
}

/// Prompts with a long beginning in common, the way agents send them, that ask for what they quote.
fn prompts(model: &Model) -> Vec<Vec<u32>> {
    let code = "def total(items):\n    result = 0\n    for item in items:\n        result += item.price\n    return result\n";
    let system = format!(
        "<|im_start|>system\nYou repeat code exactly. The file is:\n{code}{code}<|im_end|>\n"
    );
    let questions = [
        "Repeat the file.",
        "Repeat the first line.",
        "What is summed up?",
        "Say it in German.",
    ];
    let prompt = |question: &&str| {
        let text =
            format!("{system}<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n");
        model.tokenizer.encode(&text).unwrap()
    };
    questions.iter().map(prompt).collect()
}

fn answers(engine: &Engine, prompts: &[Vec<u32>], together: bool) -> Vec<Outcome> {
    let submit = |prompt: &Vec<u32>| engine.submit(Request::new(prompt.clone(), 32)).unwrap();
    if together {
        let submitted: Vec<_> = prompts.iter().map(submit).collect();
        submitted
            .into_iter()
            .map(|answer| answer.wait().unwrap())
            .collect()
    } else {
        prompts
            .iter()
            .map(|prompt| submit(prompt).wait().unwrap())
            .collect()
    }
}

fn texts(outcomes: &[Outcome]) -> Vec<&str> {
    outcomes
        .iter()
        .map(|outcome| outcome.text.as_str())
        .collect()
}

#[test]
fn batches_kept_prefixes_chunks_and_guesses_do_not_change_the_text_of_a_real_model() {
    let Some(model) = model() else { return };
    let prompts = prompts(&model);
    let plain = start(&model, |settings| {
        settings.guesses = 0;
        settings.prefix_cache = false;
    });
    let alone = answers(&plain, &prompts, false);
    assert!(alone[0].text.contains("def total"), "{:?}", alone[0].text);
    assert_eq!(
        texts(&answers(&plain, &prompts, true)),
        texts(&alone),
        "batch and single"
    );

    let keeping = start(&model, |settings| settings.guesses = 0);
    assert_eq!(
        texts(&answers(&keeping, &prompts, false)),
        texts(&alone),
        "prefixes being kept"
    );
    let again = answers(&keeping, &prompts, true);
    assert_eq!(texts(&again), texts(&alone), "prefix hit and miss");
    for (outcome, prompt) in again.iter().zip(&prompts) {
        assert!(
            outcome.done.usage.cached > prompt.len() / 2,
            "{:?}",
            outcome.done.usage
        );
    }

    let guessing = start(&model, |settings| {
        settings.guesses = 8;
        settings.step_tokens = 96;
    });
    let guessed = answers(&guessing, &prompts, true);
    assert_eq!(
        texts(&guessed),
        texts(&alone),
        "with guesses and chunks, and without"
    );
    assert!(
        guessed[0].done.usage.guessed > 4,
        "{:?}",
        guessed[0].done.usage
    );
}

/// A decoder whose logits go wrong in the sequence that reads one token.
struct Spoilt(PagedDecoder, u32);

impl engine::Model for Spoilt {
    fn vocabulary(&self) -> usize {
        self.0.vocabulary()
    }

    fn context(&self) -> usize {
        self.0.context()
    }

    fn step(&mut self, step: &Step<'_>) -> swemill_model::Result<Vec<f32>> {
        let mut logits = self.0.step(step)?;
        let batch = step.batch;
        let spoilt = |row: &usize| {
            let span = batch.spans.iter().find(|span| span.rows.contains(row));
            span.is_some_and(|span| batch.tokens[span.rows.clone()].contains(&self.1))
        };
        let Wanted::Rows(rows) = &batch.wanted else {
            panic!("the engine names its rows")
        };
        for (row, logits) in rows.iter().zip(logits.chunks_exact_mut(self.vocabulary())) {
            if spoilt(row) {
                logits[7] = f32::NAN;
            }
        }
        Ok(logits)
    }
}

#[test]
fn logits_that_are_no_numbers_fail_one_request_by_type_and_the_engine_lives_on() {
    let Some(model) = model() else { return };
    let bad = 1234;
    let engine = start_as(&model, |_| (), |paged| Box::new(Spoilt(paged, bad)));
    let good = prompts(&model);
    let ask = |prompt: Vec<u32>| engine.submit(Request::new(prompt, 8)).unwrap();
    let beside: Vec<_> = good[1..].iter().cloned().map(ask).collect();
    let error = ask(vec![1, 2, bad]).wait().unwrap_err();
    assert!(matches!(error, RequestError::NotFinite(_)), "{error}");
    for answer in beside {
        assert!(
            answer.wait().is_ok(),
            "requests beside the bad one are answered"
        );
    }
    assert!(ask(good[0].clone()).wait().is_ok());
}
