//! One layer of an encoder: every row sees all rows of its text.

use candle_core::Tensor;

use super::EncoderConfig;
use crate::{
    Batch, Result, Weights,
    config::{Activation, NormKind},
    layers::{Linear, Norm},
    ops,
};

/// Attention and MLP, each added to its input and normed.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    attention_norm: Norm,
    up: Linear,
    down: Linear,
    mlp_norm: Norm,
    heads: usize,
    activation: Activation,
}

impl Layer {
    pub(super) fn new(
        config: &EncoderConfig,
        name: &str,
        weights: &mut dyn Weights,
    ) -> Result<Self> {
        let EncoderConfig { hidden, width, .. } = *config;
        let mut linear = |part: &str, inputs, outputs| {
            weights.linear(&format!("{name}.{part}"), inputs, outputs, true)
        };
        let query = linear("attention.self.query", hidden, hidden)?;
        let key = linear("attention.self.key", hidden, hidden)?;
        let value = linear("attention.self.value", hidden, hidden)?;
        let output = linear("attention.output.dense", hidden, hidden)?;
        let up = linear("intermediate.dense", hidden, width)?;
        let down = linear("output.dense", width, hidden)?;
        let mut norm = |part: &str| {
            Norm::new(
                NormKind::Layer,
                config.epsilon,
                &format!("{name}.{part}"),
                hidden,
                weights,
            )
        };
        Ok(Self {
            query,
            key,
            value,
            output,
            attention_norm: norm("attention.output.LayerNorm")?,
            up,
            down,
            mlp_norm: norm("output.LayerNorm")?,
            heads: config.heads,
            activation: config.activation,
        })
    }

    /// `[rows, hidden]` to `[rows, hidden]`.
    pub(super) fn forward(&self, x: &Tensor, batch: &Batch) -> Result<Tensor> {
        let attended = self.output.forward(&self.attend(x, batch)?)?;
        let x = self.attention_norm.forward(&x.add(&attended)?)?;
        let inner = ops::activate(self.activation, &self.up.forward(&x)?)?;
        self.mlp_norm.forward(&x.add(&self.down.forward(&inner)?)?)
    }

    fn attend(&self, x: &Tensor, batch: &Batch) -> Result<Tensor> {
        let (rows, hidden) = x.dims2()?;
        let head_dim = hidden / self.heads;
        #[expect(
            clippy::cast_precision_loss,
            reason = "heads are far narrower than 2^52"
        )]
        let scale = (head_dim as f64).sqrt().recip();
        let split = |linear: &Linear| -> Result<Tensor> {
            Ok(linear
                .forward(x)?
                .reshape((rows, self.heads, head_dim))?
                .transpose(0, 1)?)
        };
        let (query, key, value) = (split(&self.query)?, split(&self.key)?, split(&self.value)?);
        let texts = batch.spans.iter().map(|span| {
            let part = |x: &Tensor| x.narrow(1, span.rows.start, span.rows.len())?.contiguous();
            let scores = (part(&query)?.matmul(&part(&key)?.t()?)? * scale)?;
            let read = ops::softmax(&scores)?.matmul(&part(&value)?)?;
            Ok(read.transpose(0, 1)?.reshape((span.rows.len(), hidden))?)
        });
        Ok(Tensor::cat(&texts.collect::<Result<Vec<_>>>()?, 0)?)
    }
}
