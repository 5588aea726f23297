//! One step of training: gradients of a batch, clipped, into the optimiser.

use candle_core::{DType, Device};
use serde::{Deserialize, Serialize};

use super::document::{Document, Packed, pack};
use super::gradients::Gradients;
use super::optimizer::{AdamW, Optimizer};
use super::parameters::{Method, Parameters, Trainable};
use super::pass::{self, Losses, Task};
use super::routing::RouterLosses;
use super::schedule::Schedule;
use crate::cache::NoCache;
use crate::{Decoder, DecoderConfig, Error, Result, Weights, ops};

/// How a model is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// What of it is trained.
    pub method: Method,
    /// The learning rate of every step.
    pub schedule: Schedule,
    /// The optimiser.
    pub optimizer: AdamW,
    /// Gradients longer than this are shortened to it; `None` leaves them.
    pub clip: Option<f64>,
    /// Tokens of a micro-batch: gradients of a step's documents are accumulated over as many as it takes.
    pub micro_batch_tokens: usize,
    /// Whether layers are computed again in the backward pass, to save memory.
    pub recompute: bool,
    /// How much the routers' losses count in a model with routed experts; `None` leaves them out.
    pub routers: Option<RouterLosses>,
}

impl Recipe {
    /// Full training with the usual settings.
    pub fn new(schedule: Schedule) -> Self {
        Self {
            method: Method::Full,
            schedule,
            optimizer: AdamW::default(),
            clip: Some(1.0),
            micro_batch_tokens: 4096,
            recompute: false,
            routers: Some(RouterLosses::default()),
        }
    }
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// The step, counted from 1.
    pub step: u64,
    /// The mean cross-entropy of the targets in nats, weighted token by token over all micro-batches.
    pub loss: f64,
    /// The learning rate.
    pub learning_rate: f64,
    /// The gradients' length before clipping.
    pub gradient_norm: f64,
    /// Tokens that went through the model.
    pub tokens: u64,
    /// The load-balancing loss, where there are routers.
    pub balance: f64,
    /// The routers' z-loss, where there are any.
    pub router_z: f64,
}

/// A model under training.
#[derive(Debug)]
pub struct Trainer {
    /// The model; it shares its parameters with [`Trainer::parameters`].
    pub decoder: Decoder,
    /// What is trained.
    pub parameters: Parameters,
    pub(super) optimizer: Optimizer,
    recipe: Recipe,
}

impl Trainer {
    /// Makes variables of what is trained, and a model of all.
    pub fn new(
        config: DecoderConfig,
        weights: &mut dyn Weights,
        recipe: Recipe,
        dtype: DType,
        device: &Device,
    ) -> Result<Self> {
        recipe.schedule.check()?;
        if recipe.clip.is_some_and(|clip| clip.is_nan() || clip <= 0.0) {
            return Err(Error::config("clip", "must be a positive length"));
        }
        let mut trainable = Trainable::new(weights, recipe.method.clone());
        let decoder = Decoder::new(config, &mut trainable, dtype, device)?;
        let (parameters, optimizer) = (trainable.finish()?, Optimizer::new(recipe.optimizer)?);
        Ok(Self {
            decoder,
            parameters,
            optimizer,
            recipe,
        })
    }

    /// How it is trained.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Steps done so far.
    pub fn steps(&self) -> u64 {
        self.optimizer.steps()
    }

    /// One step on these documents. After an error nothing has changed.
    pub fn step(&mut self, documents: &[&Document]) -> Result<StepReport> {
        let packed = pack(documents, self.recipe.micro_batch_tokens);
        let (gradients, losses, tokens) = self.gradients(&packed)?;
        let gradient_norm = gradients.norm()?;
        let clip = self
            .recipe
            .clip
            .map_or(1.0, |clip| (clip / (gradient_norm + 1e-6)).min(1.0));
        let learning_rate = self.recipe.schedule.at(self.steps());
        self.optimizer
            .step(&self.parameters, &gradients, learning_rate, clip)?;
        Ok(StepReport {
            step: self.steps(),
            loss: losses.cross_entropy,
            learning_rate,
            gradient_norm,
            tokens,
            balance: losses.balance,
            router_z: losses.z,
        })
    }

    /// The gradients of micro-batches as if they were one: every target counts by its own weight, whatever batch it is in.
    fn gradients(&self, packed: &[Packed]) -> Result<(Gradients, Losses, u64)> {
        let total_weight: f64 = packed.iter().map(Packed::weight).sum();
        let rows: usize = packed.iter().map(|packed| packed.batch.rows()).sum();
        if packed.is_empty() {
            return Err(Error::Batch(
                "a step's documents have no target that counts".to_owned(),
            ));
        }
        let run = if self.recipe.recompute {
            pass::by_layer
        } else {
            pass::whole
        };
        let (mut gradients, mut losses) = (Gradients::default(), Losses::default());
        for packed in packed {
            #[expect(
                clippy::cast_precision_loss,
                reason = "batches are far smaller than 2^52"
            )]
            let share = packed.batch.rows() as f64 / rows as f64;
            let task = Task {
                total_weight,
                share,
                routers: self.recipe.routers,
            };
            let part = run(
                &self.decoder,
                &self.parameters,
                packed,
                task,
                &mut gradients,
            )?;
            losses.cross_entropy += part.cross_entropy;
            losses.balance += part.balance;
            losses.z += part.z;
        }
        Ok((gradients, losses, rows as u64))
    }

    /// The mean cross-entropy of documents in nats a target, without training; `None` if no target counts.
    pub fn evaluate(&self, documents: &[&Document]) -> Result<Option<f64>> {
        let (mut sum, mut weight) = (0.0, 0.0);
        for packed in pack(documents, self.recipe.micro_batch_tokens) {
            let logits = self.decoder.forward(&packed.batch, &mut NoCache, &mut ())?;
            let loss = ops::cross_entropy(&logits.detach(), &packed.targets, &packed.weights)?;
            sum += loss.to_dtype(DType::F64)?.to_scalar::<f64>()?;
            weight += packed.weight();
        }
        Ok((weight > 0.0).then(|| sum / weight))
    }
}
