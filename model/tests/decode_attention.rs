//! The GPU's attention kernel, compiled for the processor: its arithmetic and its indexing, without a GPU.

use std::{path::Path, process::Command};

#[test]
fn the_kernel_that_decodes_on_gpus_computes_attention() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gpu/decode_attention.cpp");
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("decode_attention");
    let compiled = Command::new("c++")
        .args(["-std=c++20", "-O1", "-pthread", "-o"])
        .args([&program, &source])
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{complaints}");
    let run = Command::new(&program).output().unwrap();
    let told = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{told}");
    assert_eq!(told.lines().count(), 4, "{told}");
}
