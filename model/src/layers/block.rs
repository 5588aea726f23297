//! One layer: attention and MLP, each added to the residual stream.

use candle_core::Tensor;

use super::{Attention, Mlp, Norm, Rotation};
use crate::{
    Batch, Cache, DecoderConfig, Result, Taps, Weights,
    config::NormPlace,
    taps::{Place, Point, show},
};

/// A layer of a decoder.
#[derive(Debug, Clone)]
pub struct Block {
    /// Reads other rows.
    pub attention: Attention,
    /// Works on each row alone.
    pub mlp: Mlp,
    before_attention: Option<Norm>,
    after_attention: Option<Norm>,
    before_mlp: Option<Norm>,
    after_mlp: Option<Norm>,
    layer: usize,
}

impl Block {
    /// The layer of this number, from the tensors under `model.layers.N`.
    pub fn new(config: &DecoderConfig, layer: usize, weights: &mut dyn Weights) -> Result<Self> {
        let name = format!("model.layers.{layer}");
        let attention = Attention::new(config, layer, &format!("{name}.self_attn"), weights)?;
        let mlp = Mlp::new(
            &config.mlp,
            config.hidden,
            layer,
            &format!("{name}.mlp"),
            weights,
        )?;
        let mut norm = |part: &str| {
            Norm::new(
                config.norm.kind,
                config.norm.epsilon,
                &format!("{name}.{part}"),
                config.hidden,
                weights,
            )
            .map(Some)
        };
        // Hugging Face calls the norm before the MLP `post_attention_layernorm` where attention's output has none.
        let (before_attention, after_attention, before_mlp, after_mlp) = match config.norm.place {
            NormPlace::Before => (
                norm("input_layernorm")?,
                None,
                norm("post_attention_layernorm")?,
                None,
            ),
            NormPlace::After => (
                None,
                norm("post_attention_layernorm")?,
                None,
                norm("post_feedforward_layernorm")?,
            ),
            NormPlace::Both => (
                norm("input_layernorm")?,
                norm("post_attention_layernorm")?,
                norm("pre_feedforward_layernorm")?,
                norm("post_feedforward_layernorm")?,
            ),
        };
        Ok(Self {
            attention,
            mlp,
            before_attention,
            after_attention,
            before_mlp,
            after_mlp,
            layer,
        })
    }

    /// `[rows, hidden]` to `[rows, hidden]`.
    pub fn forward(
        &self,
        x: &Tensor,
        rotation: Option<&Rotation>,
        batch: &Batch,
        cache: &mut dyn Cache,
        taps: &mut dyn Taps,
    ) -> Result<Tensor> {
        let rows = batch.rows();
        let x = show(taps, self.place(Point::ResidualBefore), rows, x.clone())?;
        let attended = self.attention.forward(
            &normed(self.before_attention.as_ref(), &x)?,
            rotation,
            batch,
            cache,
            taps,
        )?;
        let attended = normed(self.after_attention.as_ref(), &attended)?;
        let attended = show(taps, self.place(Point::AttentionOutput), rows, attended)?;
        let x = show(
            taps,
            self.place(Point::ResidualMiddle),
            rows,
            x.add(&attended)?,
        )?;
        let output = self
            .mlp
            .forward(&normed(self.before_mlp.as_ref(), &x)?, taps)?;
        let output = normed(self.after_mlp.as_ref(), &output)?;
        let output = show(taps, self.place(Point::MlpOutput), rows, output)?;
        show(
            taps,
            self.place(Point::ResidualAfter),
            rows,
            x.add(&output)?,
        )
    }

    fn place(&self, point: Point) -> Place {
        Place {
            layer: self.layer,
            point,
        }
    }
}

fn normed(norm: Option<&Norm>, x: &Tensor) -> Result<Tensor> {
    match norm {
        Some(norm) => norm.forward(x),
        None => Ok(x.clone()),
    }
}
