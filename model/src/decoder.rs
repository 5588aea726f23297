//! The decoder: tokens in, logits out.

use candle_core::{DType, Device, Tensor};

use crate::{
    Batch, Cache, DecoderConfig, Result, Taps, Weights,
    config::RotaryConfig,
    layers::{Block, Embedding, Linear, Norm, Rotary, Rotation},
};

/// A decoder with its weights.
#[derive(Debug, Clone)]
pub struct Decoder {
    /// Its shape.
    pub config: DecoderConfig,
    /// Its layers, first to last.
    pub blocks: Vec<Block>,
    embedding: Embedding,
    positions: Option<Tensor>,
    norm: Norm,
    head: Linear,
    /// One entry a distinct rotary configuration, and which one each layer uses.
    rotaries: Vec<Rotary>,
    rotary_of_layer: Vec<Option<usize>>,
    dtype: DType,
    device: Device,
}

/// The rotary angles of a batch, computed once a forward pass and shared by the layers.
#[derive(Debug, Clone)]
pub struct Rotations(Vec<Rotation>);

impl Decoder {
    /// Builds the decoder from its tensors, which compute in `dtype` on `device`.
    pub fn new(
        config: DecoderConfig,
        weights: &mut dyn Weights,
        dtype: DType,
        device: &Device,
    ) -> Result<Self> {
        let embedding =
            weights.embedding("model.embed_tokens", config.vocabulary, config.hidden)?;
        let learned = config.layers.iter().all(|layer| layer.rotary.is_none());
        let positions = if learned {
            Some(weights.tensor(
                "model.embed_positions.weight",
                &[config.context, config.hidden],
            )?)
        } else {
            None
        };
        let blocks = (0..config.layers.len())
            .map(|layer| Block::new(&config, layer, weights))
            .collect::<Result<_>>()?;
        let norm = Norm::new(
            config.norm.kind,
            config.norm.epsilon,
            "model.norm",
            config.hidden,
            weights,
        )?;
        let head = if config.tied {
            embedding.as_linear()
        } else {
            weights.linear("lm_head", config.hidden, config.vocabulary, false)?
        };
        let mut distinct: Vec<&RotaryConfig> = Vec::new();
        let rotary_of_layer = config.layers.iter().map(|layer| {
            layer
                .rotary
                .as_ref()
                .map(|rotary| index_of(rotary, &mut distinct))
        });
        let rotary_of_layer = rotary_of_layer.collect();
        let rotaries = distinct
            .into_iter()
            .map(|rotary| Rotary::new(rotary, config.head_dim))
            .collect();
        let device = device.clone();
        Ok(Self {
            config,
            blocks,
            embedding,
            positions,
            norm,
            head,
            rotaries,
            rotary_of_layer,
            dtype,
            device,
        })
    }

    /// The logits of the wanted rows: `[wanted, vocabulary]`.
    pub fn forward(
        &self,
        batch: &Batch,
        cache: &mut dyn Cache,
        taps: &mut dyn Taps,
    ) -> Result<Tensor> {
        let hidden = self.hidden(batch, cache, taps)?;
        let hidden = match batch.wanted_rows() {
            Some(rows) => hidden.index_select(&Tensor::new(rows, &self.device)?, 0)?,
            None => hidden,
        };
        self.logits(&hidden)
    }

    /// The residual stream of every row after the last norm: `[rows, hidden]`.
    pub fn hidden(
        &self,
        batch: &Batch,
        cache: &mut dyn Cache,
        taps: &mut dyn Taps,
    ) -> Result<Tensor> {
        let mut x = self.embed(batch)?;
        cache.prepare(batch)?;
        let rotations = self.rotations(batch)?;
        for layer in 0..self.blocks.len() {
            x = self.layer(layer, &x, &rotations, batch, cache, taps)?;
        }
        cache.advance(batch)?;
        self.norm.forward(&x)
    }

    /// The first step of [`Decoder::hidden`]: checks the batch and embeds it, `[rows, hidden]`.
    pub fn embed(&self, batch: &Batch) -> Result<Tensor> {
        batch.check(self.config.vocabulary, self.config.context)?;
        let mut x = self
            .embedding
            .forward(&Tensor::new(batch.tokens.as_slice(), &self.device)?)?;
        if let Some(scale) = self.config.embedding_scale {
            x = (x * scale)?;
        }
        if let Some(positions) = &self.positions {
            x =
                x.add(&positions.index_select(&Tensor::new(batch.positions(), &self.device)?, 0)?)?;
        }
        Ok(x)
    }

    /// The rotary angles of the batch's rows.
    pub fn rotations(&self, batch: &Batch) -> Result<Rotations> {
        let positions = batch.positions();
        let rotations = self
            .rotaries
            .iter()
            .map(|rotary| rotary.rotation(&positions, self.dtype, &self.device));
        Ok(Rotations(rotations.collect::<Result<_>>()?))
    }

    /// One layer, for callers that run them one by one (gradient checkpointing).
    pub fn layer(
        &self,
        layer: usize,
        x: &Tensor,
        rotations: &Rotations,
        batch: &Batch,
        cache: &mut dyn Cache,
        taps: &mut dyn Taps,
    ) -> Result<Tensor> {
        let rotation = self.rotary_of_layer[layer].map(|index| &rotations.0[index]);
        self.blocks[layer].forward(x, rotation, batch, cache, taps)
    }

    /// The last norm: `[rows, hidden]` to the same.
    pub fn last_norm(&self, x: &Tensor) -> Result<Tensor> {
        self.norm.forward(x)
    }

    /// The output projection: `[rows, hidden]` after the last norm to `[rows, vocabulary]`.
    pub fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        self.head.forward(hidden)
    }

    /// The type that the model computes in.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Where the model computes.
    pub fn device(&self) -> &Device {
        &self.device
    }
}

/// The index of a rotary configuration among those seen so far.
fn index_of<'a>(rotary: &'a RotaryConfig, distinct: &mut Vec<&'a RotaryConfig>) -> usize {
    distinct
        .iter()
        .position(|seen| *seen == rotary)
        .unwrap_or_else(|| {
            distinct.push(rotary);
            distinct.len() - 1
        })
}
