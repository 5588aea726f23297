//! Logits of tiny random decoders of every family against those of transformers.

use std::path::Path;

use candle_core::{DType, Device, Tensor};
use serde_json::{Value, json};
use swemill_model::{
    Batch, Cache as _, Decoder, Wanted, cache::Paged, device::DeviceChoice, weights::Folder,
};

use crate::{Failure, tell};

/// Checks every folder of decoders in single precision and in bfloat16: the largest difference as a share of the spread of the logits.
pub(crate) fn run(choice: DeviceChoice, golden: &Path) -> Result<(), Failure> {
    let device = choice.open()?;
    let mut cases: Vec<_> = std::fs::read_dir(golden)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.join("logits.json").exists())
        .collect();
    cases.sort();
    if cases.is_empty() {
        return Err(format!("{} holds no folder with logits.json", golden.display()).into());
    }
    for case in cases {
        for (name, dtype) in [("f32", DType::F32), ("bf16", DType::BF16)] {
            let difference = differs(&case, dtype, &device)?;
            let case = case.file_name().unwrap_or_default().to_string_lossy();
            tell(&json!({"case": case, "numbers": name, "difference": difference}))?;
        }
    }
    Ok(())
}

fn differs(case: &Path, dtype: DType, device: &Device) -> Result<f64, Failure> {
    let (config, mut weights) = Folder::open(case, dtype, device)?;
    let decoder = Decoder::new(config, &mut weights, dtype, device)?;
    let golden: Value = serde_json::from_slice(&std::fs::read(case.join("logits.json"))?)?;
    let prompts: Vec<Vec<u32>> = serde_json::from_value(golden["prompts"].clone())?;
    let whole: Vec<Vec<Vec<f64>>> = serde_json::from_value(golden["whole"].clone())?;
    let blocks = 64;
    let mut cache = Paged::new(&decoder.config, blocks, 4, dtype, device)?.with_tensors_only();
    // All prompts side by side, as an engine runs them.
    let batch = Batch::of_documents(&prompts, Wanted::All);
    let mut worst = difference(
        &decoder.forward(&batch, &mut cache, &mut ())?,
        &whole.concat(),
    )?;
    for sequence in 0..prompts.len() {
        cache.release(sequence);
    }
    // The first prompt, then token by token, while another sequence of another length decodes beside it.
    let tokens: Vec<u32> = serde_json::from_value(golden["continued"]["tokens"].clone())?;
    let expected: Vec<Vec<f64>> = serde_json::from_value(golden["continued"]["logits"].clone())?;
    let mut feed = prompts[0].clone();
    for (token, expected) in tokens.into_iter().zip(expected) {
        let mut batch = Batch::of_one(0, cache.length(0), feed, Wanted::Rows(Vec::new()));
        batch.wanted = Wanted::Rows(vec![batch.rows() - 1]);
        batch.push(1, cache.length(1), &[token]);
        let logits = decoder.forward(&batch, &mut cache, &mut ())?;
        worst = worst.max(difference(&logits, &[expected])?);
        feed = vec![token];
    }
    Ok(worst)
}

/// The largest difference as a share of the spread of what is expected; infinite where something is no number.
fn difference(logits: &Tensor, expected: &[Vec<f64>]) -> Result<f64, Failure> {
    let logits = logits.to_dtype(DType::F32)?.to_device(&Device::Cpu)?;
    let found: Vec<f32> = logits.flatten_all()?.to_vec1()?;
    let expected: Vec<f64> = expected.concat();
    if found.len() != expected.len() {
        return Err(format!("{} logits instead of {}", found.len(), expected.len()).into());
    }
    let (least, most) = expected
        .iter()
        .fold((f64::MAX, f64::MIN), |(least, most), &logit| {
            (least.min(logit), most.max(logit))
        });
    let worst = found
        .iter()
        .zip(&expected)
        .map(|(&found, expected)| (f64::from(found) - expected).abs())
        .fold(0.0, |worst: f64, difference| {
            if difference.is_finite() {
                worst.max(difference)
            } else {
                f64::INFINITY
            }
        });
    Ok(worst / (most - least))
}
