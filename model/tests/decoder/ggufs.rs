//! Decoders from GGUFs are those of the safetensors that they were converted from.

use std::{path::PathBuf, sync::Arc};

use candle_core::{DType, Device};
use swemill_model::{
    Batch, Decoder, Wanted,
    cache::NoCache,
    weights::{Gguf, GgufWeights, Keep},
};

use crate::common::{assert_close, decoder};

pub(crate) fn path(case: &str) -> PathBuf {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests");
    tests.join("golden/ggufs").join(format!("{case}.gguf"))
}

/// GGUF cannot say which layers of Gemma 3 have windows nor what its scores are divided by, so that the tiny one is not the same.
const CASES: [&str; 5] = ["gpt2", "llama", "qwen2", "olmo2", "olmoe"];

#[test]
fn every_family_gives_the_logits_of_its_safetensors() {
    let tokens: Vec<u32> = (0..40).map(|i| 3 + (7 * i) % 58).collect();
    let batch = Batch::of_one(0, 0, tokens, Wanted::All);
    for case in CASES {
        println!("{case}");
        let file = Arc::new(Gguf::open(&path(case)).unwrap());
        let (config, mut weights) =
            GgufWeights::open(file, Keep::Quantized, DType::F32, &Device::Cpu).unwrap();
        let converted = Decoder::new(config, &mut weights, DType::F32, &Device::Cpu).unwrap();
        let original = decoder(case, DType::F32);
        assert_eq!(converted.config.mlp, original.config.mlp);
        let [converted, original] = [converted, original]
            .map(|decoder| decoder.forward(&batch, &mut NoCache, &mut ()).unwrap());
        let original: Vec<Vec<f64>> = original.to_dtype(DType::F64).unwrap().to_vec2().unwrap();
        assert_close(&converted, &original);
    }
}

#[test]
fn gemma3_has_all_its_tensors_and_norms_without_the_one_that_the_converter_added() {
    use swemill_model::Weights;
    let file = Arc::new(Gguf::open(&path("gemma3")).unwrap());
    let (config, mut weights) =
        GgufWeights::open(file, Keep::Dense, DType::F32, &Device::Cpu).unwrap();
    assert_eq!(config.head_dim, 16);
    assert_eq!(config.layers[0].window, Some(6));
    Decoder::new(config, &mut weights, DType::F32, &Device::Cpu).unwrap();
    let (_, mut original) = swemill_model::weights::Folder::open(
        &crate::common::folder("gemma3"),
        DType::F32,
        &Device::Cpu,
    )
    .unwrap();
    let name = "model.layers.1.self_attn.k_norm.weight";
    let norms = [&mut weights as &mut dyn Weights, &mut original].map(|weights| {
        weights
            .tensor(name, &[16])
            .unwrap()
            .to_vec1::<f32>()
            .unwrap()
    });
    for (converted, original) in norms[0].iter().zip(&norms[1]) {
        assert!((converted - original).abs() < 1e-6);
    }
}
