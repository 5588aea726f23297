//! What is written can be read again, by this crate and by transformers.

use std::path::Path;

use candle_core::{DType, Device};
use swemill_model::{
    Batch, Decoder, DecoderConfig, Wanted,
    cache::NoCache,
    weights::{Folder, Recorded, write},
};

use crate::{
    common::{assert_close, decoder, folder, golden, rows},
    families::CASES,
};

/// Reads a tiny decoder and writes all of it elsewhere.
fn rewrite(case: &str, target: &Path) -> DecoderConfig {
    let (config, mut weights) = Folder::open(&folder(case), DType::F32, &Device::Cpu).unwrap();
    let mut recorded = Recorded::new(&mut weights);
    Decoder::new(config.clone(), &mut recorded, DType::F32, &Device::Cpu).unwrap();
    write(target, &config, &recorded.tensors, DType::F32).unwrap();
    config
}

#[test]
fn every_family_is_read_as_it_was_written() {
    // `check_written.py` beside the golden files has transformers read the folder that is kept.
    let kept = std::env::var_os("SWEMILL_KEEP_WRITTEN");
    let temporary = tempfile::tempdir().unwrap();
    let root = kept.as_deref().map_or(temporary.path(), Path::new);
    for case in CASES {
        println!("{case}");
        let target = root.join(case);
        let config = rewrite(case, &target);
        let (again, mut weights) = Folder::open(&target, DType::F32, &Device::Cpu).unwrap();
        assert_eq!(again, config, "{case}");
        let decoder = Decoder::new(again, &mut weights, DType::F32, &Device::Cpu).unwrap();
        let prompt: Vec<u32> = serde_json::from_value(golden(case)["prompts"][0].clone()).unwrap();
        let batch = Batch::of_one(0, 0, prompt, Wanted::All);
        let logits = decoder.forward(&batch, &mut NoCache, &mut ()).unwrap();
        assert_close(&logits, &rows(&golden(case)["whole"][0]));
    }
}

#[test]
fn what_is_written_in_half_the_width_is_read_rounded() {
    let temporary = tempfile::tempdir().unwrap();
    let (config, mut weights) = Folder::open(&folder("gpt2"), DType::F32, &Device::Cpu).unwrap();
    let mut recorded = Recorded::new(&mut weights);
    Decoder::new(config.clone(), &mut recorded, DType::F32, &Device::Cpu).unwrap();
    write(temporary.path(), &config, &recorded.tensors, DType::BF16).unwrap();
    let size = |folder: &Path| {
        std::fs::metadata(folder.join("model.safetensors"))
            .unwrap()
            .len()
    };
    assert!(
        size(temporary.path()).abs_diff(size(&folder("gpt2"))) < 500,
        "the golden file is in bfloat16 too"
    );
    assert_eq!(
        decoder("gpt2", DType::F32).config,
        Folder::open(temporary.path(), DType::F32, &Device::Cpu)
            .unwrap()
            .0
    );
}
