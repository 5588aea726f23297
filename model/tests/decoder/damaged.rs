//! Files that are damaged and batches that make no sense get errors that say so.

use std::path::Path;

use candle_core::{DType, Device};
use serde_json::{Value, json};
use swemill_model::{
    Batch, Decoder, DecoderConfig, Error, Model, Options, Span, Wanted,
    cache::NoCache,
    weights::{Folder, Gguf},
};

use crate::{
    common::{decoder, folder},
    ggufs,
};

/// A copy of a tiny decoder that a test may damage.
fn copy(case: &str) -> tempfile::TempDir {
    let target = tempfile::tempdir().unwrap();
    for name in ["config.json", "model.safetensors"] {
        std::fs::copy(folder(case).join(name), target.path().join(name)).unwrap();
    }
    target
}

fn open(folder: &Path) -> Result<Decoder, Error> {
    let (config, mut weights) = Folder::open(folder, DType::F32, &Device::Cpu)?;
    Decoder::new(config, &mut weights, DType::F32, &Device::Cpu)
}

fn change_config(folder: &Path, key: &str, value: Value) {
    let path = folder.join("config.json");
    let mut json: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    json[key] = value;
    std::fs::write(path, json.to_string()).unwrap();
}

#[test]
fn safetensors_cut_short_anywhere_are_refused() {
    let target = copy("llama");
    let path = target.path().join("model.safetensors");
    let whole = std::fs::read(&path).unwrap();
    for length in [0, 4, 8, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        let error = open(target.path()).unwrap_err();
        assert!(
            matches!(error, Error::Format { .. } | Error::File { .. }),
            "{length}: {error}"
        );
    }
}

#[test]
fn a_gguf_cut_short_anywhere_is_refused() {
    let whole = std::fs::read(ggufs::path("llama")).unwrap();
    let target = tempfile::tempdir().unwrap();
    let path = target.path().join("cut.gguf");
    for length in (0..3000)
        .step_by(7)
        .chain([whole.len() / 2, whole.len() - 40])
    {
        std::fs::write(&path, &whole[..length]).unwrap();
        let error = Gguf::open(&path).unwrap_err();
        assert!(
            matches!(error, Error::Format { .. } | Error::File { .. }),
            "{length}: {error}"
        );
    }
}

#[test]
fn a_gguf_with_any_byte_of_its_header_changed_is_read_or_refused_but_never_panics() {
    let whole = std::fs::read(ggufs::path("llama")).unwrap();
    let target = tempfile::tempdir().unwrap();
    let path = target.path().join("changed.gguf");
    for position in 0..1500 {
        let mut changed = whole.clone();
        changed[position] ^= 0x81;
        std::fs::write(&path, &changed).unwrap();
        let _ = Gguf::open(&path).map(|file| DecoderConfig::from_gguf(&file));
    }
}

#[test]
fn a_configuration_that_does_not_fit_the_weights_is_told_by_the_tensor() {
    let target = copy("llama");
    change_config(target.path(), "intermediate_size", json!(49));
    match open(target.path()).unwrap_err() {
        Error::Shape {
            name,
            expected,
            found,
        } => {
            assert_eq!(name, "model.layers.0.mlp.gate_proj.weight");
            assert_eq!((expected, found), (vec![49, 32], vec![48, 32]));
        }
        other => panic!("{other}"),
    }
    let target = copy("llama");
    change_config(target.path(), "num_hidden_layers", json!(3));
    match open(target.path()).unwrap_err() {
        Error::MissingTensor { name } => assert!(name.starts_with("model.layers.2."), "{name}"),
        other => panic!("{other}"),
    }
}

#[test]
fn impossible_configurations_are_told_by_their_key() {
    let cases = [
        ("num_key_value_heads", json!(3), "num_key_value_heads"),
        ("num_attention_heads", json!(0), "num_attention_heads"),
        ("hidden_size", json!(-1), "hidden_size"),
        ("hidden_size", json!(1e18), "hidden_size"),
        ("vocab_size", json!("many"), "vocab_size"),
        ("hidden_act", json!("swoosh"), "hidden_act"),
        (
            "rope_parameters",
            json!({"rope_type": "spiral"}),
            "rope_type",
        ),
        ("rms_norm_eps", json!(0), "rms_norm_eps"),
    ];
    for (key, value, named) in cases {
        let target = copy("llama");
        change_config(target.path(), key, value);
        match open(target.path()).unwrap_err() {
            Error::Config { key, .. } => assert_eq!(key, named),
            other => panic!("{key}: {other}"),
        }
    }
    let target = copy("llama");
    change_config(target.path(), "model_type", json!("mamba"));
    let error = open(target.path()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`mamba` is not known; known are: gpt2, llama"),
        "{error}"
    );
}

#[test]
fn weights_that_are_no_numbers_are_refused() {
    let target = copy("llama");
    let path = target.path().join("model.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    // The last number, in bfloat16.
    let end = bytes.len();
    bytes[end - 2..].copy_from_slice(&0x7fc0u16.to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    let error = open(target.path()).unwrap_err();
    assert!(
        matches!(error, Error::NotFinite { what: "NaN", .. }),
        "{error}"
    );
}

#[test]
fn an_index_that_names_files_elsewhere_is_refused() {
    let target = copy("llama");
    let index = json!({"weight_map": {"a": "../../secret.safetensors"}});
    std::fs::write(
        target.path().join("model.safetensors.index.json"),
        index.to_string(),
    )
    .unwrap();
    assert!(matches!(
        open(target.path()).unwrap_err(),
        Error::Format { .. }
    ));
}

#[test]
fn a_folder_without_a_model_and_a_file_that_is_none_are_refused() {
    let target = tempfile::tempdir().unwrap();
    for path in [
        target.path().to_owned(),
        target.path().join("missing.gguf"),
        folder("llama").join("config.json"),
    ] {
        let error = Model::open(&path, &Options::default()).unwrap_err();
        assert!(
            matches!(error, Error::Format { .. } | Error::File { .. }),
            "{error}"
        );
    }
}

#[test]
fn batches_that_make_no_sense_are_refused_before_anything_is_computed() {
    let decoder = decoder("llama", DType::F32);
    let span = |sequence, rows, start| Span {
        sequence,
        rows,
        start,
    };
    let batch = |tokens: &[u32], spans, wanted| Batch {
        tokens: tokens.to_vec(),
        spans,
        wanted,
    };
    let cases = [
        batch(&[], vec![], Wanted::All),
        batch(&[1, 2], vec![span(0, 0..1, 0)], Wanted::All),
        batch(
            &[1, 2],
            vec![span(0, 0..1, 0), span(0, 1..2, 0)],
            Wanted::All,
        ),
        batch(
            &[1, 2],
            vec![span(0, 1..2, 0), span(1, 0..1, 0)],
            Wanted::All,
        ),
        batch(
            &[1, 2],
            vec![span(0, 0..2, 0), span(1, 2..2, 0)],
            Wanted::All,
        ),
        batch(&[61], vec![span(0, 0..1, 0)], Wanted::All),
        batch(&[1], vec![span(0, 0..1, 8192)], Wanted::All),
        batch(&[1], vec![span(0, 0..1, usize::MAX)], Wanted::All),
        batch(&[1], vec![span(0, 0..1, 5)], Wanted::All),
        batch(&[1], vec![span(0, 0..1, 0)], Wanted::Rows(vec![1])),
        batch(&[1], vec![span(0, 0..1, 0)], Wanted::Rows(vec![])),
    ];
    for batch in cases {
        let error = decoder.forward(&batch, &mut NoCache, &mut ()).unwrap_err();
        assert!(
            matches!(error, Error::Batch(_) | Error::Context { .. }),
            "{batch:?}: {error}"
        );
    }
}
