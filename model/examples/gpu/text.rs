//! Greedy text of a real model, on the device and on the CPU.

use std::path::Path;

use candle_core::{DType, Device};
use serde_json::json;
use swemill_model::{
    Batch, Model, Options, Wanted, cache::Paged, device::DeviceChoice, weights::Keep,
};

use crate::{Failure, tell};

const PROMPTS: [&str; 3] = [
    "def fibonacci(n):\n",
    "The capital of France is",
    "1, 2, 3, 4, 5,",
];

/// The first token at which the device and the CPU go apart, in single precision with dense weights; none for equal texts.
pub(crate) fn run(choice: DeviceChoice, path: &Path, tokens: usize) -> Result<(), Failure> {
    let device = choice.open()?;
    for prompt in PROMPTS {
        let expected = greedy(path, prompt, tokens, &Device::Cpu, false)?;
        let found = greedy(path, prompt, tokens, &device, true)?;
        let apart = expected
            .iter()
            .zip(&found)
            .position(|(expected, found)| expected != found);
        tell(
            &json!({"prompt": prompt, "tokens": tokens, "equal_tokens": apart.unwrap_or(tokens)}),
        )?;
    }
    Ok(())
}

fn greedy(
    path: &Path,
    prompt: &str,
    count: usize,
    device: &Device,
    only_tensors: bool,
) -> Result<Vec<u32>, Failure> {
    let options = Options {
        dtype: DType::F32,
        device: device.clone(),
        keep: Keep::Dense,
    };
    let model = Model::open(path, &options)?;
    let mut feed = model.tokenizer.encode(prompt)?;
    let blocks = u32::try_from((feed.len() + count).div_ceil(16))?;
    let config = &model.decoder.config;
    let mut cache = Paged::new(config, blocks, 16, DType::F32, device)?;
    if only_tensors {
        cache = cache.with_tensors_only();
    }
    let (mut start, mut written) = (0, Vec::with_capacity(count));
    while written.len() < count {
        let rows = feed.len();
        let batch = Batch::of_one(0, start, feed, Wanted::Last);
        let logits = model.decoder.forward(&batch, &mut cache, &mut ())?;
        let token = logits.argmax(1)?.to_vec1::<u32>()?[0];
        written.push(token);
        start += rows;
        feed = vec![token];
    }
    Ok(written)
}
