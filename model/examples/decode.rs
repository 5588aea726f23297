//! Measures a whole model on the CPU: `cargo run --release -p swemill-model --example decode -- MODEL PROMPT NEW RUNS`.
//!
//! Prints one JSON object a run: processor and wall seconds of reading PROMPT tokens at once and then of NEW tokens one by one. Token
//! ids are arbitrary: the time does not depend on them. `RAYON_NUM_THREADS` sets the number of threads.
//! tests/bench/model compares it with llama.cpp.

use std::{fs, io::Write as _, path::Path, time::Instant};

use swemill_model::{Batch, Cache, Model, Options, Wanted, cache::Contiguous};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, prompt, new, runs] = arguments.as_slice() else {
        return Err("usage: decode MODEL PROMPT NEW RUNS".into());
    };
    let (prompt, new, runs): (u32, usize, usize) = (prompt.parse()?, new.parse()?, runs.parse()?);
    let opened = Instant::now();
    let decoder = Model::open(Path::new(model), &Options::default())?.decoder;
    let opened = opened.elapsed().as_secs_f64();
    let mut cache = Contiguous::new(&decoder.config);
    let mut out = std::io::stdout().lock();
    for _ in 0..runs {
        cache.release(0);
        let tokens: Vec<u32> = (0..prompt).map(|index| 1000 + 7 * index).collect();
        let mut start = tokens.len();
        let read = timed(|| {
            let batch = Batch::of_one(0, 0, tokens, Wanted::Last);
            decoder.forward(&batch, &mut cache, &mut ()).map(drop)
        })?;
        let write = timed(|| {
            for token in (2000..).take(new) {
                let batch = Batch::of_one(0, start, vec![token], Wanted::Last);
                decoder.forward(&batch, &mut cache, &mut ())?;
                start += 1;
            }
            Ok(())
        })?;
        let row = serde_json::json!({
            "prefill_cpu_s": read.0, "prefill_wall_s": read.1, "decode_cpu_s": write.0, "decode_wall_s": write.1,
            "prompt": prompt, "new": new, "threads": swemill_model::kernels::Pool::global().threads(),
            "open_wall_s": opened,
        });
        writeln!(out, "{row}")?;
    }
    Ok(())
}

/// Processor seconds of the whole process and wall seconds.
fn timed(
    work: impl FnOnce() -> swemill_model::Result<()>,
) -> Result<(f64, f64), Box<dyn std::error::Error>> {
    let (processor, wall) = (processor_seconds()?, Instant::now());
    work()?;
    Ok((
        processor_seconds()? - processor,
        wall.elapsed().as_secs_f64(),
    ))
}

/// Sums what every thread has run, in nanoseconds, as Linux counts it.
fn processor_seconds() -> std::io::Result<f64> {
    let mut nanoseconds = 0.0;
    for thread in fs::read_dir("/proc/self/task")? {
        let text = fs::read_to_string(thread?.path().join("schedstat"))?;
        nanoseconds += text
            .split(' ')
            .next()
            .and_then(|first| first.parse().ok())
            .unwrap_or(0.0);
    }
    Ok(nanoseconds / 1e9)
}
