//! Forward and backward through a model, whole or layer by layer.

use candle_core::{DType, Tensor, backprop::GradStore};

use super::document::Packed;
use super::gradients::{Gradients, leaf};
use super::parameters::Parameters;
use super::routing::{RouterLosses, load_balancing, router_z};
use crate::cache::NoCache;
use crate::taps::{Place, Point, Recorder};
use crate::{Decoder, Error, Result, config::MlpConfig, ops};

/// What a pass is given beside the batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Task {
    /// The loss is divided by this: the weight of all targets of the step.
    pub(super) total_weight: f64,
    /// The share of the step's rows that this batch has: routers' losses are means over rows.
    pub(super) share: f64,
    /// How much the routers' losses count, where there are any.
    pub(super) routers: Option<RouterLosses>,
}

/// The losses of a pass, each its share of the step's.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Losses {
    pub(super) cross_entropy: f64,
    pub(super) balance: f64,
    pub(super) z: f64,
}

/// Keeps everything that the backward pass needs: the fastest way where memory allows.
pub(super) fn whole(
    decoder: &Decoder,
    parameters: &Parameters,
    packed: &Packed,
    task: Task,
    sum: &mut Gradients,
) -> Result<Losses> {
    let mut recorder = recorder(decoder, task);
    let logits = decoder.forward(&packed.batch, &mut NoCache, &mut recorder)?;
    let (loss, mut losses) = cross_entropy(&logits, packed, task)?;
    let routed = routers(
        decoder,
        &recorder,
        0..decoder.blocks.len(),
        task,
        &mut losses,
    )?;
    let loss = routed.map_or(Ok(loss.clone()), |routed| loss.add(&routed))?;
    sum.add(parameters, &mut loss.backward()?)?;
    Ok(losses)
}

/// Keeps only what enters each layer, and computes the layer again when its turn comes (Chen et al., arXiv 1604.06174): memory for
/// one layer instead of all, for a third more work. The gradients are the same.
pub(super) fn by_layer(
    decoder: &Decoder,
    parameters: &Parameters,
    packed: &Packed,
    task: Task,
    sum: &mut Gradients,
) -> Result<Losses> {
    let batch = &packed.batch;
    let rotations = decoder.rotations(batch)?;
    let mut entering = Vec::with_capacity(decoder.blocks.len());
    let mut x = decoder.embed(batch)?.detach();
    for layer in 0..decoder.blocks.len() {
        entering.push(x.clone());
        x = decoder
            .layer(layer, &x, &rotations, batch, &mut NoCache, &mut ())?
            .detach();
    }
    let last = leaf(&x)?;
    let mut hidden = decoder.last_norm(&last)?;
    if let Some(rows) = batch.wanted_rows() {
        hidden = hidden.index_select(&Tensor::new(rows, decoder.device())?, 0)?;
    }
    let (loss, mut losses) = cross_entropy(&decoder.logits(&hidden)?, packed, task)?;
    let mut gradients = loss.backward()?;
    let mut upstream = taken(&mut gradients, &last)?;
    sum.add(parameters, &mut gradients)?;
    for layer in (0..decoder.blocks.len()).rev() {
        let x = leaf(&entering[layer])?;
        let mut recorder = recorder(decoder, task);
        let y = decoder.layer(layer, &x, &rotations, batch, &mut NoCache, &mut recorder)?;
        // The gradient of Σ y * u by anything is u carried back to it.
        let carried = y.mul(&upstream)?.sum_all()?;
        let routed = routers(decoder, &recorder, layer..layer + 1, task, &mut losses)?;
        let carried = match routed {
            Some(routed) => carried.add(&routed.to_dtype(carried.dtype())?)?,
            None => carried,
        };
        let mut gradients = carried.backward()?;
        upstream = taken(&mut gradients, &x)?;
        sum.add(parameters, &mut gradients)?;
    }
    let carried = decoder.embed(batch)?.mul(&upstream)?.sum_all()?;
    if carried.track_op() {
        sum.add(parameters, &mut carried.backward()?)?;
    }
    Ok(losses)
}

fn taken(gradients: &mut GradStore, x: &Tensor) -> Result<Tensor> {
    let gradient = gradients.remove(x).map(|gradient| gradient.detach());
    gradient.map_or_else(|| Ok(x.zeros_like()?), Ok)
}

/// The cross-entropy of a batch, divided by the weight of the whole step.
fn cross_entropy(logits: &Tensor, packed: &Packed, task: Task) -> Result<(Tensor, Losses)> {
    let sum = ops::cross_entropy(logits, &packed.targets, &packed.weights)?;
    let loss = (sum / task.total_weight)?;
    let cross_entropy = number(&loss)?;
    if !cross_entropy.is_finite() {
        return Err(Error::NotFinite {
            place: "the loss".to_owned(),
            what: if cross_entropy.is_nan() {
                "NaN"
            } else {
                "an infinity"
            },
        });
    }
    Ok((
        loss,
        Losses {
            cross_entropy,
            ..Losses::default()
        },
    ))
}

fn recorder(decoder: &Decoder, task: Task) -> Recorder {
    let routed = matches!(decoder.config.mlp, MlpConfig::Routed { .. }) && task.routers.is_some();
    Recorder::of(if routed {
        vec![Point::RouterLogits]
    } else {
        Vec::new()
    })
}

/// The weighted losses of some layers' routers, as their mean over all layers; adds what they are to `losses`.
fn routers(
    decoder: &Decoder,
    recorder: &Recorder,
    layers: std::ops::Range<usize>,
    task: Task,
    losses: &mut Losses,
) -> Result<Option<Tensor>> {
    let (MlpConfig::Routed { chosen, .. }, Some(factors)) = (&decoder.config.mlp, task.routers)
    else {
        return Ok(None);
    };
    #[expect(clippy::cast_precision_loss, reason = "layers are few")]
    let share = task.share / decoder.blocks.len() as f64;
    let mut sum: Option<Tensor> = None;
    for layer in layers {
        let place = Place {
            layer,
            point: Point::RouterLogits,
        };
        for (_, logits) in recorder.seen.get(&place).into_iter().flatten() {
            let (balance, z) = (
                (load_balancing(logits, *chosen)? * share)?,
                (router_z(logits)? * share)?,
            );
            losses.balance += number(&balance)?;
            losses.z += number(&z)?;
            let both = ((balance * factors.balance)? + (z * factors.z)?)?;
            sum = Some(sum.map_or(Ok(both.clone()), |sum| sum.add(&both))?);
        }
    }
    Ok(sum)
}

fn number(tensor: &Tensor) -> Result<f64> {
    Ok(tensor.to_dtype(DType::F64)?.to_scalar()?)
}
