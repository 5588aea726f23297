//! Compiles the kernels for GPUs when the feature `cuda` is on, and does nothing otherwise.

use std::{env, path::PathBuf, process::Command};

const SOURCE: &str = "src/gpu/decode_attention.cu";

fn main() {
    println!("cargo::rerun-if-changed={SOURCE}");
    println!("cargo::rerun-if-env-changed=CUDA_HOME");
    if env::var_os("CARGO_FEATURE_CUDA").is_none() {
        return;
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let nvcc = env::var_os("CUDA_HOME").map_or_else(
        || PathBuf::from("nvcc"),
        |home| PathBuf::from(home).join("bin/nvcc"),
    );
    // For the oldest GPUs with bfloat16 (Ampere); the driver makes of it what the card at hand runs.
    let status = Command::new(&nvcc)
        .args(["-ptx", "-O3", "-std=c++17", "-arch=compute_80", "-o"])
        .arg(out.join("decode_attention.ptx"))
        .arg(SOURCE)
        .status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => panic!(
            "{} {SOURCE}: {status}; its messages are above",
            nvcc.display()
        ),
        Err(error) => panic!(
            "{}: {error}; the feature `cuda` needs the CUDA toolkit: scripts/build-cuda finds or fetches one",
            nvcc.display()
        ),
    }
}
