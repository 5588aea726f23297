//! Tokens a second of training a small Llama from scratch, as `tests/bench/model/training.py` compares it with `PyTorch`.
//!
//! Prints one JSON object: tokens a second of wall and of processor time, and the losses, so that a reader sees that it learns.

use std::io::Write;
use std::time::Instant;

use candle_core::{DType, Device};
use swemill_model::config::{
    Activation, AttentionConfig, DecoderConfig, Family, LayerConfig, MlpConfig, NormConfig,
    NormKind, NormPlace, RotaryConfig, RotaryScaling,
};
use swemill_model::training::{Document, Initial, Random, Recipe, Schedule, Trainer};

/// Faster than the system's in what training does: large blocks taken and given back at every operation.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const LENGTH: usize = 256;
const SEQUENCES: usize = 8;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let text = std::fs::read(
        arguments
            .next()
            .ok_or("usage: train_throughput TEXT STEPS")?,
    )?;
    let steps: usize = arguments
        .next()
        .ok_or("usage: train_throughput TEXT STEPS")?
        .parse()?;
    let config = config();
    let mut initial = Initial::new(&config, 1, 0.02, DType::F32, &Device::Cpu);
    let recipe = Recipe {
        clip: None,
        micro_batch_tokens: SEQUENCES * (LENGTH + 1),
        ..Recipe::new(Schedule::constant(1e-3))
    };
    let mut trainer = Trainer::new(config, &mut initial, recipe, DType::F32, &Device::Cpu)?;
    let mut random = Random::new(7);
    let mut losses = Vec::new();
    let (mut started, mut processor) = (Instant::now(), processor_seconds());
    // The first two steps warm up and are not counted.
    for step in 0..steps + 2 {
        if step == 2 {
            (started, processor) = (Instant::now(), processor_seconds());
        }
        let documents: Vec<Document> = (0..SEQUENCES)
            .map(|_| {
                let start = random.below(text.len() - LENGTH - 1);
                Document::plain(
                    text[start..=start + LENGTH]
                        .iter()
                        .map(|&byte| u32::from(byte))
                        .collect(),
                )
            })
            .collect();
        let report = trainer.step(&documents.iter().collect::<Vec<_>>())?;
        losses.push(report.loss);
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let tokens = (steps * SEQUENCES * LENGTH) as f64;
    let result = serde_json::json!({
        "tokens_per_second": tokens / started.elapsed().as_secs_f64(),
        "tokens_per_cpu_second": tokens / (processor_seconds() - processor),
        "parameters": trainer.parameters.count(),
        "losses": losses,
    });
    writeln!(std::io::stdout(), "{result}")?;
    Ok(())
}

/// 4 layers, width 192, 6 heads, MLP 512, bytes as tokens: 1.87 million parameters.
fn config() -> DecoderConfig {
    let rotary = RotaryConfig {
        base: 1e4,
        scaling: RotaryScaling::None,
    };
    DecoderConfig {
        family: Family::Llama,
        vocabulary: 256,
        hidden: 192,
        heads: 6,
        key_value_heads: 6,
        head_dim: 32,
        context: LENGTH,
        attention: AttentionConfig {
            scale: 32_f64.sqrt().recip(),
            bias: false,
            output_bias: false,
            query_key_norm: None,
            clip: None,
        },
        layers: vec![
            LayerConfig {
                window: None,
                rotary: Some(rotary)
            };
            4
        ],
        mlp: MlpConfig::Gated {
            width: 512,
            activation: Activation::Silu,
            bias: false,
        },
        norm: NormConfig {
            kind: NormKind::Rms,
            epsilon: 1e-5,
            place: NormPlace::Before,
        },
        embedding_scale: None,
        tied: false,
    }
}

/// Processor seconds of this process, all threads; 0 where the system does not tell.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |index: usize| {
        fields
            .get(index)
            .and_then(|text| text.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    // User and system time, in the hundredths of a second that Linux shows everywhere.
    (ticks(11) + ticks(12)) / 100.0
}
