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

/// The first token at which the device and the CPU go apart, in single precision with dense weights.
pub(crate) fn run(choice: DeviceChoice, path: &Path, tokens: usize) -> Result<(), Failure> {
    let open = |device: Device| {
        let options = Options {
            dtype: DType::F32,
            device,
            keep: Keep::Dense,
        };
        Model::open(path, &options)
    };
    let (here, there) = (open(Device::Cpu)?, open(choice.open()?)?);
    for prompt in PROMPTS {
        let expected = greedy(&here, prompt, tokens, false)?;
        let found = greedy(&there, prompt, tokens, true)?;
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

/// Greedy tokens; `only_tensors` leaves the kernels of the CPU alone.
fn greedy(
    model: &Model,
    prompt: &str,
    count: usize,
    only_tensors: bool,
) -> Result<Vec<u32>, Failure> {
    let mut feed = model.tokenizer.encode(prompt)?;
    let blocks = u32::try_from((feed.len() + count).div_ceil(16))?;
    let decoder = &model.decoder;
    let mut cache = Paged::new(&decoder.config, blocks, 16, DType::F32, decoder.device())?;
    if only_tensors {
        cache = cache.with_tensors_only();
    }
    let (mut start, mut written) = (0, Vec::with_capacity(count));
    while written.len() < count {
        let rows = feed.len();
        let batch = Batch::of_one(0, start, feed, Wanted::Last);
        let logits = decoder.forward(&batch, &mut cache, &mut ())?;
        let token = logits.argmax(1)?.to_vec1::<u32>()?[0];
        written.push(token);
        start += rows;
        feed = vec![token];
    }
    Ok(written)
}
