//! What the tests of models share.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail by panicking, and print what they measured"
)]

use std::path::PathBuf;

use candle_core::{DType, Device, Tensor};
use serde_json::Value;
use swemill_model::{Decoder, weights::Folder};

/// The folder of a tiny random decoder; see `golden/make_decoders.py`.
pub(crate) fn folder(case: &str) -> PathBuf {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests");
    tests.join("golden/decoders").join(case)
}

/// A tiny random decoder.
pub(crate) fn decoder(case: &str, dtype: DType) -> Decoder {
    let (config, mut weights) = Folder::open(&folder(case), dtype, &Device::Cpu).unwrap();
    Decoder::new(config, &mut weights, dtype, &Device::Cpu).unwrap()
}

/// What transformers computed for it.
pub(crate) fn golden(case: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder(case).join("logits.json")).unwrap()).unwrap()
}

/// A JSON array of arrays of numbers.
pub(crate) fn rows(json: &Value) -> Vec<Vec<f64>> {
    serde_json::from_value(json.clone()).unwrap()
}

/// Asserts that logits differ by at most 1e-4 of the spread (largest less smallest) of the expected ones.
pub(crate) fn assert_close(logits: &Tensor, expected: &[Vec<f64>]) {
    let found: Vec<Vec<f64>> = logits.to_dtype(DType::F64).unwrap().to_vec2().unwrap();
    assert_eq!(found.len(), expected.len(), "rows");
    let numbers = || expected.iter().flatten().copied();
    let spread = numbers().fold(f64::MIN, f64::max) - numbers().fold(f64::MAX, f64::min);
    let mut worst = 0f64;
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.len(), expected.len(), "columns");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.is_finite());
            worst = worst.max((found - expected).abs());
        }
    }
    println!("  largest difference / spread: {:.1e}", worst / spread);
    assert!(
        worst <= 1e-4 * spread,
        "differs by {worst} of a spread of {spread}"
    );
}
