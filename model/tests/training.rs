//! Training: against `PyTorch`, and against itself in other ways of doing the same.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "what a test sets up must work, and the line that did not is what one wants to see; they print what they measured"
)]

#[expect(dead_code, reason = "each test uses a part of what is shared")]
#[path = "decoder/common.rs"]
mod common;
#[path = "common/distance.rs"]
mod distance;

use candle_core::{DType, Device};
use common::folder;
use distance::distance;
use serde_json::Value;
use swemill_model::training::{
    AdamW, Document, Hooks, LowRank, Method, Plan, Recipe, RouterLosses, Schedule, Shape, Trainer,
    checkpoint, report, run,
};
use swemill_model::weights::{Folder, Map};
use swemill_model::{Batch, Decoder, Wanted, cache::NoCache};

/// The recipe of `golden/make_training.py`.
fn recipe() -> Recipe {
    let schedule = Schedule {
        peak: 3e-3,
        floor: 0.1,
        warmup: 5,
        steps: 50,
        shape: Shape::Cosine,
    };
    Recipe {
        optimizer: AdamW {
            beta1: 0.9,
            beta2: 0.95,
            epsilon: 1e-8,
            weight_decay: 0.1,
        },
        routers: None,
        ..Recipe::new(schedule)
    }
}

fn trainer(case: &str, recipe: Recipe, dtype: DType) -> Trainer {
    let (config, mut weights) = Folder::open(&folder(case), dtype, &Device::Cpu).unwrap();
    Trainer::new(config, &mut weights, recipe, dtype, &Device::Cpu).unwrap()
}

/// The document of `golden/make_training.py`: the first three targets are a prompt.
fn document(step: u32, number: u32) -> Document {
    let length = 20 + (step + 5 * number) % 11;
    let start = 13 * step + 29 * number;
    let tokens: Vec<u32> = (0..length)
        .map(|i| 3 + (7 * i + i * i / 5 + start) % 58)
        .collect();
    let weights = (0..length).map(|i| if i < 4 { 0.0 } else { 1.0 }).collect();
    Document::weighted(tokens, weights).unwrap()
}

fn documents(step: u32) -> Vec<Document> {
    (0..3).map(|number| document(step, number)).collect()
}

fn all(documents: &[Document]) -> Vec<&Document> {
    documents.iter().collect()
}

#[test]
fn fifty_steps_have_the_losses_and_gradients_of_pytorch() {
    for case in ["llama", "gpt2", "qwen2", "olmo2", "olmoe"] {
        let path = folder("").join(format!("../training/{case}.json"));
        let golden: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let mut trainer = trainer(case, recipe(), DType::F32);
        let (mut worst, mut worst_norm) = (0_f64, 0_f64);
        for step in 0..50 {
            let report = trainer.step(&all(&documents(step))).unwrap();
            let at = |key: &str| golden[key][step as usize].as_f64().unwrap();
            worst = worst.max((report.loss - at("losses")).abs());
            worst_norm = worst_norm.max((report.gradient_norm / at("gradient_norms") - 1.0).abs());
        }
        println!(
            "{case}: losses differ by at most {worst:.1e}, gradient norms by {worst_norm:.1e} of themselves"
        );
        assert!(worst < 1e-3, "{case}: {worst}");
        assert!(worst_norm < 1e-2, "{case}: {worst_norm}");
    }
}

/// The losses of some steps.
fn losses(trainer: &mut Trainer, steps: std::ops::Range<u32>) -> Vec<f64> {
    steps
        .map(|step| trainer.step(&all(&documents(step))).unwrap().loss)
        .collect()
}

fn assert_near(found: &[f64], expected: &[f64], tolerance: f64) {
    for (step, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() <= tolerance,
            "step {step}: {found} and not {expected}"
        );
    }
}

#[test]
fn accumulated_micro_batches_train_as_one_batch() {
    for case in ["llama", "olmoe"] {
        let expected = losses(&mut trainer(case, recipe(), DType::F64), 0..6);
        let small = Recipe {
            micro_batch_tokens: 30,
            ..recipe()
        };
        assert_near(
            &losses(&mut trainer(case, small, DType::F64), 0..6),
            &expected,
            1e-9,
        );
    }
}

#[test]
fn computing_layers_again_trains_as_keeping_everything() {
    for case in ["llama", "gpt2", "gemma3", "olmoe"] {
        let recipe = Recipe {
            routers: Some(RouterLosses {
                balance: 0.3,
                z: 0.1,
            }),
            ..recipe()
        };
        let mut whole = trainer(case, recipe.clone(), DType::F64);
        let mut by_layer = trainer(
            case,
            Recipe {
                recompute: true,
                ..recipe
            },
            DType::F64,
        );
        for step in 0..6 {
            let documents = documents(step);
            let (a, b) = (
                whole.step(&all(&documents)).unwrap(),
                by_layer.step(&all(&documents)).unwrap(),
            );
            assert_near(
                &[b.loss, b.gradient_norm, b.balance, b.router_z],
                &[a.loss, a.gradient_norm, a.balance, a.router_z],
                1e-8,
            );
            assert_eq!(a.balance > 0.0, case == "olmoe");
        }
    }
}

#[test]
fn the_routers_losses_even_out_the_load() {
    let balanced = Recipe {
        routers: Some(RouterLosses {
            balance: 0.5,
            z: 0.0,
        }),
        ..recipe()
    };
    let mut trainer = trainer("olmoe", balanced, DType::F32);
    let reports: Vec<_> = (0..50)
        .map(|step| trainer.step(&all(&documents(step))).unwrap())
        .collect();
    assert!(
        reports[49].balance < reports[0].balance,
        "{} {}",
        reports[0].balance,
        reports[49].balance
    );
    assert!(reports[49].balance >= 0.9);
}

struct StopAt(u64);

impl Hooks for StopAt {
    fn step(&mut self, record: &report::Record) -> bool {
        record.report.step != self.0
    }

    fn evaluate(&mut self, trainer: &Trainer) -> swemill_model::Result<Option<f64>> {
        trainer.evaluate(&all(&documents(900)))
    }
}

#[test]
fn an_interrupted_run_goes_on_to_the_same_losses() {
    let data: Vec<Document> = (0..7).flat_map(documents).collect();
    let plan = |folder: &std::path::Path| Plan {
        step_tokens: 60,
        evaluate_every: 4,
        checkpoint_every: 5,
        folder: Some(folder.to_owned()),
        seed: 9,
    };
    let recipe = Recipe {
        schedule: Schedule {
            steps: 14,
            ..recipe().schedule
        },
        ..recipe()
    };
    let folders = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run(
        &mut trainer("llama", recipe.clone(), DType::F32),
        &data,
        &plan(folders.0.path()),
        &mut StopAt(0),
    )
    .unwrap();
    // Stopped after step 8; then the checkpoint of step 8 is lost, as in a crash, so the run goes on from step 5.
    run(
        &mut trainer("llama", recipe.clone(), DType::F32),
        &data,
        &plan(folders.1.path()),
        &mut StopAt(8),
    )
    .unwrap();
    std::fs::remove_dir_all(folders.1.path().join("checkpoints/step-00000008")).unwrap();
    run(
        &mut trainer("llama", recipe.clone(), DType::F32),
        &data,
        &plan(folders.1.path()),
        &mut StopAt(0),
    )
    .unwrap();
    let [whole, resumed] = [&folders.0, &folders.1]
        .map(|folder| report::read(&folder.path().join("metrics.jsonl")).unwrap());
    let told = |records: &[report::Record]| -> Vec<_> {
        records
            .iter()
            .map(|record| (record.report, record.evaluation, record.total_tokens))
            .collect()
    };
    assert_eq!(told(&whole).len(), 14);
    assert_eq!(told(&whole), told(&resumed));
    assert!(
        whole[3].evaluation.is_some()
            && whole[4].evaluation.is_none()
            && whole[13].evaluation.is_some()
    );
    assert!(
        std::fs::read_to_string(folders.0.path().join("loss.svg"))
            .unwrap()
            .contains("evaluation")
    );

    let other = Recipe {
        clip: None,
        ..recipe
    };
    let mut changed = trainer("llama", other, DType::F32);
    let newest = checkpoint::newest(&folders.0.path().join("checkpoints"))
        .unwrap()
        .unwrap();
    assert!(
        checkpoint::restore(&newest, &mut changed)
            .unwrap_err()
            .to_string()
            .contains("another recipe")
    );
}

#[test]
fn a_low_rank_change_starts_at_the_model_learns_and_merges_into_it() {
    let low_rank = LowRank {
        rank: 4,
        alpha: 8.0,
        ..LowRank::default()
    };
    let recipe = Recipe {
        method: Method::LowRank(low_rank),
        ..recipe()
    };
    let mut adapted = trainer("qwen2", recipe, DType::F64);
    assert!(
        adapted
            .parameters
            .variables
            .keys()
            .all(|name| name.contains(".lora_"))
    );
    let tokens: Vec<u32> = (3..30).collect();
    let logits = |decoder: &Decoder| {
        let batch = Batch::of_one(0, 0, tokens.clone(), Wanted::All);
        decoder.forward(&batch, &mut NoCache, &mut ()).unwrap()
    };
    let plain = common::decoder("qwen2", DType::F64);
    assert!(distance(&logits(&adapted.decoder), &logits(&plain)) < 1e-12);
    let same = documents(0);
    let found: Vec<f64> = (0..50)
        .map(|_| adapted.step(&all(&same)).unwrap().loss)
        .collect();
    assert!(found[49] < found[0] - 0.05, "{} {}", found[0], found[49]);
    let merged = adapted.parameters.merged().unwrap();
    assert!(merged.keys().all(|name| !name.contains("lora")));
    let mut weights = Map(merged.into_iter().collect());
    let decoder =
        Decoder::new(plain.config.clone(), &mut weights, DType::F64, &Device::Cpu).unwrap();
    assert!(distance(&logits(&decoder), &logits(&adapted.decoder)) < 1e-12);
    assert!(distance(&logits(&decoder), &logits(&plain)) > 1e-3);
}

#[test]
fn a_model_in_half_precision_keeps_small_updates_in_its_master_copy() {
    let schedule = Schedule {
        warmup: 0,
        ..Schedule::constant(1e-5)
    };
    let recipe = Recipe {
        optimizer: AdamW {
            weight_decay: 0.0,
            ..AdamW::default()
        },
        ..Recipe::new(schedule)
    };
    let mut half = trainer("llama", recipe, DType::BF16);
    let value = |trainer: &Trainer| {
        let weight =
            trainer.parameters.variables["model.layers.0.mlp.up_proj.weight"].as_detached_tensor();
        weight.to_dtype(DType::F64).unwrap()
    };
    let before = value(&half).copy().unwrap();
    for _ in 0..100 {
        half.step(&all(&documents(0))).unwrap();
    }
    // 100 steps of 1e-5 move each number by at most 1e-3: one step alone would be lost in eight bits.
    let moved = distance(&value(&half), &before);
    assert!(moved > 2e-4 && moved < 5e-3, "{moved}");
}

#[test]
fn what_cannot_be_trained_is_an_error_and_changes_nothing() {
    let mut trainer = trainer("llama", recipe(), DType::F32);
    let silent = Document::weighted(vec![5, 6, 7], vec![0.0; 3]).unwrap();
    assert!(trainer.step(&[&silent]).is_err());
    assert!(trainer.step(&[]).is_err());
    let beyond = Document::plain(vec![5, 61]);
    assert!(trainer.step(&[&beyond]).is_err());
    assert_eq!(trainer.steps(), 0);
    let plan = Plan {
        step_tokens: 10,
        evaluate_every: 0,
        checkpoint_every: 0,
        folder: None,
        seed: 0,
    };
    assert!(run(&mut trainer, &[silent], &plan, &mut ()).is_err());
    let long = Document::plain(vec![5; 9000]);
    assert!(
        run(&mut trainer, &[long], &plan, &mut ())
            .unwrap_err()
            .to_string()
            .contains("context")
    );
}
