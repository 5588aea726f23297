//! Tokens a second of the batching engine.

use std::{path::Path, sync::Arc, time::Instant};

use serde_json::{Value, json};
use swemill_model::{
    Decoder, DecoderConfig, Options,
    device::DeviceChoice,
    engine::{Answer, Engine, Event, PagedDecoder, Request, Settings, Vocabulary},
};

use crate::{Failure, random::Random, tell};

/// What is measured.
pub(crate) struct Plan {
    /// Tokens of each prompt.
    pub(crate) context: u32,
    /// Tokens of each answer.
    pub(crate) new: usize,
    /// Times that each is measured, after once that is not counted.
    pub(crate) runs: usize,
    /// How many sequences are answered at the same time.
    pub(crate) sequences: Vec<usize>,
}

/// Measures a model of the shape in a config.json, in the numbers that are usual on the device.
pub(crate) async fn run(choice: DeviceChoice, config: &Path, plan: &Plan) -> Result<(), Failure> {
    let options = Options::at(choice, None)?;
    let config: Value = serde_json::from_slice(&std::fs::read(config)?)?;
    let config = DecoderConfig::from_huggingface(&config)?;
    let mut weights = Random::new(options.device.clone(), options.dtype, config.tied);
    let decoder = Decoder::new(config, &mut weights, options.dtype, &options.device)?;
    let (context, new) = (plan.context as usize, plan.new);
    for &sequences in &plan.sequences {
        let settings = Settings {
            sequences,
            blocks: sequences * ((context + new).div_ceil(16) + 2),
            step_tokens: 2048,
            channel: new + 2,
            // What is measured is the model: nothing is found again, and nothing guessed.
            guesses: 0,
            prefix_cache: false,
            ..Settings::default()
        };
        let token_bytes = PagedDecoder::bytes_per_token(&decoder);
        let model = PagedDecoder::new(decoder.clone(), &settings)?;
        let vocabulary = decoder.config.vocabulary;
        let words = Vocabulary::new((0..vocabulary).map(|_| (b"x".to_vec(), false)));
        let engine = Engine::start(Box::new(model), Arc::new(words), settings)?;
        for run in 0..=plan.runs {
            let (prefill, decode) = measure(&engine, plan, sequences, vocabulary).await?;
            if run > 0 {
                tell(&json!({
                    "sequences": sequences, "context": context, "new": new,
                    "prefill_tokens_per_s": prefill, "decode_tokens_per_s": decode,
                    "weight_bytes": weights.bytes, "token_bytes": token_bytes,
                }))?;
            }
        }
    }
    Ok(())
}

/// Tokens a second: all prompts together until the last has its first token, and all answers together after that.
#[expect(clippy::cast_precision_loss, reason = "counts of tokens are small")]
async fn measure(
    engine: &Engine,
    plan: &Plan,
    sequences: usize,
    vocabulary: usize,
) -> Result<(f64, f64), Failure> {
    let vocabulary = u32::try_from(vocabulary)?;
    let begun = Instant::now();
    let mut readers = Vec::new();
    for first in (0u32..).take(sequences) {
        let prompt = (0..plan.context).map(|index| (first + 7 * index) % vocabulary);
        let request = Request {
            ignore_end: true,
            ..Request::new(prompt.collect(), plan.new)
        };
        readers.push(tokio::spawn(times(engine.submit(request)?)));
    }
    let mut all = Vec::new();
    for reader in readers {
        all.push(reader.await??);
    }
    let last_first = all.iter().filter_map(|times| times.first()).max();
    let last_first = *last_first.ok_or("no token came")?;
    let times = || all.iter().flatten().filter(|&&time| time > last_first);
    let end = *times().max().ok_or("only first tokens came")?;
    Ok((
        sequences as f64 * f64::from(plan.context) / (last_first - begun).as_secs_f64(),
        times().count() as f64 / (end - last_first).as_secs_f64(),
    ))
}

/// When each token came.
async fn times(mut answer: Answer) -> Result<Vec<Instant>, String> {
    let mut times = Vec::new();
    while let Some(event) = answer.next().await {
        match event {
            Event::Token(_) => times.push(Instant::now()),
            Event::Done(_) => {}
            Event::Failed(error) => return Err(error.to_string()),
        }
    }
    Ok(times)
}
