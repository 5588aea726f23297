//! Measures the kernels on this machine: `cargo run --release -p swemill-model --example kernels`.
//!
//! Prints, for the matrices of real models, billions of multiplications a second and gigabytes of weights a second, beside the pace
//! of plain reading. Set `RAYON_NUM_THREADS` for the number of threads.

#![expect(
    clippy::cast_precision_loss,
    reason = "figures are printed to three digits"
)]

use std::io::Write as _;
use std::time::Instant;
use swemill_model::kernels::{Format, Level, Matrix, Pool};

const SHAPES: [(&str, Format, usize, usize); 8] = [
    ("SmolLM2 feed-forward up", Format::Q4_1, 1536, 576),
    ("SmolLM2 queries", Format::Q4_1, 576, 576),
    ("SmolLM2 output", Format::Q8_0, 49152, 576),
    ("Qwen-0.5B up", Format::Q5_0, 4864, 896),
    ("Qwen-0.5B down", Format::Q6K, 896, 4864),
    ("Qwen-0.5B down", Format::Q4K, 896, 4864),
    ("Qwen-1.5B up", Format::Q4K, 8960, 1536),
    ("Qwen-1.5B down", Format::Q6K, 1536, 8960),
];

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "level {}, {} thread(s), reading {:.1} GB/s",
        Level::best().name(),
        Pool::global().threads(),
        reading()
    )?;
    writeln!(
        out,
        "{:28} {:>5} {:>6} {:>10} {:>8} {:>8}",
        "matrix", "", "rows", "us", "GMAC/s", "GB/s"
    )?;
    for (name, format, rows, columns) in SHAPES {
        let size = format.bytes(rows, columns).expect("whole blocks");
        // Enough copies that weights come from memory, as they do in a model.
        let copies: Vec<Matrix> = (0..=(200 << 20) / size)
            .map(|_| {
                Matrix::from_gguf(format, &vec![0x11; size], rows, columns).expect("a right size")
            })
            .collect();
        for rows_of_x in [1, 4, 16, 512] {
            let x = vec![0.5; rows_of_x * columns];
            let mut result = vec![0.0; rows_of_x * rows];
            let times = if rows_of_x == 512 {
                4.min(copies.len())
            } else {
                copies.len().min(200)
            };
            let best = (0..3)
                .map(|_| {
                    let start = Instant::now();
                    for matrix in copies.iter().cycle().take(times) {
                        matrix
                            .multiply(&x, rows_of_x, &mut result)
                            .expect("right shapes");
                    }
                    start.elapsed().as_secs_f64() / times as f64
                })
                .fold(f64::INFINITY, f64::min);
            let products = (rows * columns * rows_of_x) as f64;
            writeln!(
                out,
                "{name:28} {format:?} {rows_of_x:>6} {:>10.1} {:>8.1} {:>8.1}",
                best * 1e6,
                products / best / 1e9,
                size as f64 / best / 1e9
            )?;
        }
    }
    Ok(())
}

/// Gigabytes a second that one thread reads.
fn reading() -> f64 {
    let words = vec![1_u64; 32 << 20];
    let start = Instant::now();
    let sum: u64 = std::hint::black_box(&words).iter().sum();
    std::hint::black_box(sum);
    8.0 * words.len() as f64 / start.elapsed().as_secs_f64() / 1e9
}
