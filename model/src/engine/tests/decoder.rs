//! The engine over a real decoder: small random weights, real attention, real blocks.

use std::{path::PathBuf, sync::Arc};

use candle_core::{DType, Device};

use crate::{
    Batch, Cache as _, Decoder, Wanted,
    cache::Contiguous,
    engine::{
        Engine, Model as _, PagedDecoder, Request, Settings, Step,
        testing::{bytes_vocabulary, small},
    },
    weights::{Gguf, GgufWeights, Keep},
};

fn decoder() -> Decoder {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/ggufs/llama.gguf");
    let file = Arc::new(Gguf::open(&path).unwrap());
    let (config, mut weights) =
        GgufWeights::open(file, Keep::Quantized, DType::F32, &Device::Cpu).unwrap();
    Decoder::new(config, &mut weights, DType::F32, &Device::Cpu).unwrap()
}

/// Greedy tokens by one whole forward pass a token, over the plain cache.
fn plainly(model: &Decoder, prompt: &[u32], count: usize) -> Vec<u32> {
    let mut tokens = prompt.to_vec();
    for _ in 0..count {
        let mut cache = Contiguous::new(&model.config);
        let batch = Batch::of_one(0, 0, tokens.clone(), Wanted::Last);
        let logits = model.forward(&batch, &mut cache, &mut ()).unwrap();
        assert_eq!(cache.length(0), tokens.len());
        let row: Vec<f32> = logits.flatten_all().unwrap().to_vec1().unwrap();
        let best = (0..row.len())
            .max_by(|&a, &b| row[a].total_cmp(&row[b]))
            .unwrap();
        tokens.push(u32::try_from(best).unwrap());
    }
    tokens.split_off(prompt.len())
}

#[test]
fn chunks_blocks_prefixes_and_guesses_give_the_tokens_of_plain_forward_passes() {
    let model = decoder();
    let size = u32::try_from(model.config.vocabulary).unwrap();
    let prompts: Vec<Vec<u32>> = (0..6u32)
        .map(|own| {
            (0..9)
                .map(|n| (n * 5 + 1) % size)
                .chain((0..own * 2).map(|n| (n * own) % size))
                .collect()
        })
        .collect();
    let expected: Vec<Vec<u32>> = prompts
        .iter()
        .map(|prompt| plainly(&model, prompt, 8))
        .collect();
    for (guesses, sequences) in [(0, 8), (4, 3)] {
        let settings = Settings {
            guesses,
            sequences,
            step_tokens: 12,
            ..small()
        };
        let vocabulary = Arc::new(bytes_vocabulary());
        let paged = PagedDecoder::new(model.clone(), &settings).unwrap();
        let engine = Engine::start(Box::new(paged), vocabulary, settings).unwrap();
        // Twice: the second time from kept blocks.
        for _ in 0..2 {
            let ask = |prompt: &Vec<u32>| {
                engine
                    .submit(Request {
                        ignore_end: true,
                        ..Request::new(prompt.clone(), 8)
                    })
                    .unwrap()
            };
            let answers: Vec<_> = prompts.iter().map(ask).collect();
            for (answer, expected) in answers.into_iter().zip(&expected) {
                let outcome = answer.wait().unwrap();
                let tokens: Vec<u32> = outcome.tokens.iter().map(|token| token.token).collect();
                assert_eq!(&tokens, expected);
            }
        }
        assert!(engine.metrics().cached_tokens.get() > 0);
    }
}

/// Guesses that were wrong leave the blocks behind that were taken for them.
#[test]
fn a_sequence_may_have_more_blocks_than_it_fills() {
    let settings = small();
    let mut paged = PagedDecoder::new(decoder(), &settings).unwrap();
    let batch = Batch::of_one(0, 0, vec![1, 2, 3], Wanted::Rows(vec![2]));
    let mut step = |tables: &[Vec<u32>]| {
        let step = Step {
            batch: &batch,
            tables,
            copies: &[],
        };
        paged.step(&step).unwrap()
    };
    let spare = step(&[vec![5, 6, 7]]);
    assert_eq!(spare, step(&[vec![5]]));
}
