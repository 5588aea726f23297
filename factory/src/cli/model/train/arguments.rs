//! What `swemill model train` is told.

use std::path::PathBuf;

use candle_core::DType;
use clap::{Args, ValueEnum};
use swemill_model::device::DeviceChoice;
use swemill_model::training::{AdamW, LowRank, Method, Recipe, Schedule, Shape};

use crate::settings::Settings;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Files of JSON lines: `messages` (and `tools`), `prompt` and `completion`, `text`, or `tokens` (docs/TRAINING.md)
    #[arg(value_name = "DATA", required = true)]
    pub(super) data: Vec<PathBuf>,
    /// The model to start from: a name of the store, a folder, or a GGUF
    #[arg(long, value_name = "MODEL")]
    pub(super) from: String,
    /// Where checkpoints, metrics and the trained model go; a run that was interrupted there goes on
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Start from random parameters of the model's shape instead of its own
    #[arg(long, conflicts_with = "lora")]
    pub(super) fresh: bool,

    /// Train low-rank changes of this rank (LoRA) instead of all parameters
    #[arg(long, value_name = "RANK", num_args = 0..=1, default_missing_value = "16", help_heading = "Method")]
    pub(super) lora: Option<usize>,
    /// What low-rank changes are multiplied with, divided by the rank (default: twice the rank)
    #[arg(long, value_name = "ALPHA", requires = "lora", help_heading = "Method")]
    pub(super) lora_alpha: Option<f64>,
    /// The projections that low-rank changes are made to (default: all of attention and MLP)
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        requires = "lora",
        help_heading = "Method"
    )]
    pub(super) lora_targets: Vec<String>,
    /// Where to compute: cpu, cuda, cuda:N, or auto for a GPU where there is one (default: the setting `device`, auto)
    #[arg(long, value_name = "DEVICE", help_heading = "Method")]
    pub(super) device: Option<DeviceChoice>,
    /// Compute layers again in the backward pass, to save memory
    #[arg(long, help_heading = "Method")]
    pub(super) recompute: bool,

    /// Steps (default: as many as the epochs take)
    #[arg(long, value_name = "N", help_heading = "Schedule")]
    pub(super) steps: Option<u64>,
    /// How often every document is seen
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1.0,
        conflicts_with = "steps",
        help_heading = "Schedule"
    )]
    pub(super) epochs: f64,
    /// The largest learning rate (default: 2e-4 for low-rank changes, 2e-5 for a model, 1e-3 for a fresh one)
    #[arg(long, value_name = "RATE", help_heading = "Schedule")]
    pub(super) learning_rate: Option<f64>,
    /// How the learning rate falls after the warm-up
    #[arg(long, value_enum, default_value_t = Fall::Cosine, help_heading = "Schedule")]
    pub(super) schedule: Fall,
    /// Steps in which the learning rate rises
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Schedule")]
    pub(super) warmup: u64,
    /// The learning rate at the end, as a share of the largest
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.1,
        help_heading = "Schedule"
    )]
    pub(super) floor: f64,

    /// Tokens of a step
    #[arg(
        long,
        value_name = "N",
        default_value_t = 8192,
        help_heading = "Batches"
    )]
    pub(super) step_tokens: usize,
    /// Tokens computed at once: less takes less memory and changes no result
    #[arg(
        long,
        value_name = "N",
        default_value_t = 2048,
        help_heading = "Batches"
    )]
    pub(super) micro_batch_tokens: usize,
    /// Tokens of a document at most; longer ones are cut (default: the model's context)
    #[arg(long, value_name = "N", help_heading = "Batches")]
    pub(super) context: Option<usize>,
    /// Gradients longer than this are shortened; 0 leaves them
    #[arg(
        long,
        value_name = "LENGTH",
        default_value_t = 1.0,
        help_heading = "Batches"
    )]
    pub(super) clip: f64,
    /// The weight decay of the optimiser
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.0,
        help_heading = "Batches"
    )]
    pub(super) weight_decay: f64,
    /// For the order of documents and for random parameters
    #[arg(long, value_name = "S", default_value_t = 0, help_heading = "Batches")]
    pub(super) seed: u64,

    /// Files to evaluate on, in the same form
    #[arg(long, value_name = "DATA", help_heading = "On the way")]
    pub(super) evaluate: Vec<PathBuf>,
    /// Steps between evaluations; 0 for one at the end
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        help_heading = "On the way"
    )]
    pub(super) evaluate_every: u64,
    /// Steps between checkpoints; 0 for one at the end
    #[arg(
        long,
        value_name = "N",
        default_value_t = 100,
        help_heading = "On the way"
    )]
    pub(super) checkpoint_every: u64,
    /// The numbers of the trained model's file
    #[arg(long, value_enum, default_value_t = Numbers::Bf16, help_heading = "On the way")]
    pub(super) dtype: Numbers,
}

/// How the learning rate falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Fall {
    /// Not at all
    Constant,
    /// In a straight line
    Linear,
    /// By half a cosine
    Cosine,
    /// In a straight line over the last tenth
    Wsd,
}

/// Numbers of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Numbers {
    F32,
    Bf16,
    F16,
}

impl From<Numbers> for DType {
    fn from(numbers: Numbers) -> Self {
        match numbers {
            Numbers::F32 => Self::F32,
            Numbers::Bf16 => Self::BF16,
            Numbers::F16 => Self::F16,
        }
    }
}

impl Arguments {
    /// Fills in what the settings say.
    pub(in crate::cli::model) fn settle(&mut self, settings: &Settings) {
        self.device.get_or_insert(settings.device);
    }

    /// The recipe, for data of this many tokens.
    pub(super) fn recipe(&self, tokens: usize) -> anyhow::Result<Recipe> {
        for (flag, value) in [
            ("--step-tokens", self.step_tokens),
            ("--micro-batch-tokens", self.micro_batch_tokens),
        ] {
            anyhow::ensure!(value > 0, "{flag} is 0; a step needs tokens");
        }
        if let Some(context) = self.context {
            anyhow::ensure!(
                context > 1,
                "--context is {context}; a document needs two tokens to learn from"
            );
        }
        anyhow::ensure!(
            self.clip.is_finite() && self.clip >= 0.0,
            "--clip is {}; it is a length, or 0 for none",
            self.clip
        );
        let usual = match (self.fresh, self.lora) {
            (true, _) => 1e-3,
            (false, Some(_)) => 2e-4,
            (false, None) => 2e-5,
        };
        let schedule = Schedule {
            peak: self.learning_rate.unwrap_or(usual),
            floor: self.floor,
            warmup: self.warmup,
            steps: self.steps_for(tokens)?,
            shape: match self.schedule {
                Fall::Constant => Shape::Constant,
                Fall::Linear => Shape::Linear,
                Fall::Cosine => Shape::Cosine,
                Fall::Wsd => Shape::WarmupStableDecay { decay: 0.1 },
            },
        };
        schedule.check()?;
        Ok(Recipe {
            method: self.method(),
            optimizer: AdamW {
                weight_decay: self.weight_decay,
                ..AdamW::default()
            },
            clip: (self.clip > 0.0).then_some(self.clip),
            micro_batch_tokens: self.micro_batch_tokens,
            recompute: self.recompute,
            ..Recipe::new(schedule)
        })
    }

    fn steps_for(&self, tokens: usize) -> anyhow::Result<u64> {
        if let Some(steps) = self.steps {
            anyhow::ensure!(steps > 0, "--steps is 0; there is nothing to do");
            return Ok(steps);
        }
        anyhow::ensure!(
            self.epochs.is_finite() && self.epochs > 0.0,
            "--epochs is {}; it says how often every document is seen",
            self.epochs
        );
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of steps, positive and far below 2^52"
        )]
        let steps = (self.epochs * tokens as f64 / self.step_tokens as f64).ceil() as u64;
        Ok(steps.max(1))
    }

    fn method(&self) -> Method {
        let Some(rank) = self.lora else {
            return Method::Full;
        };
        let usual = LowRank::default();
        #[expect(clippy::cast_precision_loss, reason = "ranks are small")]
        let twice = 2.0 * rank as f64;
        Method::LowRank(LowRank {
            rank,
            alpha: self.lora_alpha.unwrap_or(twice),
            targets: if self.lora_targets.is_empty() {
                usual.targets
            } else {
                self.lora_targets.clone()
            },
            seed: self.seed,
        })
    }
}
