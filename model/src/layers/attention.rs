//! Self-attention up to the cache, and from it on.

use candle_core::Tensor;

use super::{Linear, Norm, Rotation};
use crate::{
    Batch, Cache, DecoderConfig, Result, Taps, Weights,
    cache::Attend,
    config::{NormKind, QueryKeyNorm},
    ops,
    taps::{Place, Point, show},
};

/// The self-attention of one layer.
#[derive(Debug, Clone)]
pub struct Attention {
    /// Projections of queries, keys, values and of the heads' outputs.
    pub query: Linear,
    /// See `query`.
    pub key: Linear,
    /// See `query`.
    pub value: Linear,
    /// See `query`.
    pub output: Linear,
    norms: Option<(Norm, Norm)>,
    layer: usize,
    heads: usize,
    key_value_heads: usize,
    head_dim: usize,
    scale: f64,
    clip: Option<f64>,
    window: Option<usize>,
    query_key_norm: Option<QueryKeyNorm>,
}

impl Attention {
    /// The attention of a layer, from the tensors under `name`.
    pub fn new(
        config: &DecoderConfig,
        layer: usize,
        name: &str,
        weights: &mut dyn Weights,
    ) -> Result<Self> {
        let AttentionShape {
            hidden,
            queries,
            keys,
        } = AttentionShape::of(config);
        let attention = &config.attention;
        let mut linear = |part: &str, inputs, outputs, bias| {
            weights.linear(&format!("{name}.{part}"), inputs, outputs, bias)
        };
        let query = linear("q_proj", hidden, queries, attention.bias)?;
        let key = linear("k_proj", hidden, keys, attention.bias)?;
        let value = linear("v_proj", hidden, keys, attention.bias)?;
        let output = linear("o_proj", queries, hidden, attention.output_bias)?;
        let norms = match attention.query_key_norm {
            None => None,
            Some(over) => {
                let (query_width, key_width) = match over {
                    QueryKeyNorm::Whole => (queries, keys),
                    QueryKeyNorm::PerHead => (config.head_dim, config.head_dim),
                };
                let kind = if config.norm.kind == NormKind::RmsPlusOne {
                    NormKind::RmsPlusOne
                } else {
                    NormKind::Rms
                };
                let mut norm = |part, width| {
                    Norm::new(
                        kind,
                        config.norm.epsilon,
                        &format!("{name}.{part}"),
                        width,
                        weights,
                    )
                };
                Some((norm("q_norm", query_width)?, norm("k_norm", key_width)?))
            }
        };
        Ok(Self {
            query,
            key,
            value,
            output,
            norms,
            layer,
            heads: config.heads,
            key_value_heads: config.key_value_heads,
            head_dim: config.head_dim,
            scale: attention.scale,
            clip: attention.clip,
            window: config.layers[layer].window,
            query_key_norm: attention.query_key_norm,
        })
    }

    /// `[rows, hidden]` to `[rows, hidden]`; keys and values go into the cache.
    pub fn forward(
        &self,
        x: &Tensor,
        rotation: Option<&Rotation>,
        batch: &Batch,
        cache: &mut dyn Cache,
        taps: &mut dyn Taps,
    ) -> Result<Tensor> {
        let rows = batch.rows();
        let query = self.project(
            &self.query,
            self.heads,
            self.norms.as_ref().map(|norms| &norms.0),
            rotation,
            x,
        )?;
        let key = self.project(
            &self.key,
            self.key_value_heads,
            self.norms.as_ref().map(|norms| &norms.1),
            rotation,
            x,
        )?;
        let value = self.project(&self.value, self.key_value_heads, None, None, x)?;
        let query = show(taps, self.place(Point::Query), rows, query)?;
        let key = show(taps, self.place(Point::Key), rows, key)?;
        let value = show(taps, self.place(Point::Value), rows, value)?;
        let call = Attend {
            layer: self.layer,
            query: &query,
            key: &key,
            value: &value,
            batch,
            scale: self.scale,
            window: self.window,
        };
        let heads = cache.attend(&call, taps)?;
        let heads = show(taps, self.place(Point::HeadOutput), rows, heads)?;
        self.output
            .forward(&heads.reshape((rows, self.heads * self.head_dim))?)
    }

    /// Projects, norms, clips, splits into heads and rotates, in the order of the families that do each.
    fn project(
        &self,
        linear: &Linear,
        heads: usize,
        norm: Option<&Norm>,
        rotation: Option<&Rotation>,
        x: &Tensor,
    ) -> Result<Tensor> {
        let mut projected = linear.forward(x)?;
        let rows = projected.dim(0)?;
        if let (Some(norm), Some(QueryKeyNorm::Whole)) = (norm, self.query_key_norm) {
            projected = norm.forward(&projected)?;
        }
        if let Some(clip) = self.clip {
            projected = projected.clamp(-clip, clip)?;
        }
        let mut split = projected.reshape((rows, heads, self.head_dim))?;
        if let (Some(norm), Some(QueryKeyNorm::PerHead)) = (norm, self.query_key_norm) {
            split = norm.forward(&split)?;
        }
        match rotation {
            Some(rotation) => ops::rope(&split, &rotation.cosine, &rotation.sine),
            None => Ok(split),
        }
    }

    fn place(&self, point: Point) -> Place {
        Place {
            layer: self.layer,
            point,
        }
    }
}

/// The widths of the projections.
struct AttentionShape {
    hidden: usize,
    queries: usize,
    keys: usize,
}

impl AttentionShape {
    fn of(config: &DecoderConfig) -> Self {
        Self {
            hidden: config.hidden,
            queries: config.heads * config.head_dim,
            keys: config.key_value_heads * config.head_dim,
        }
    }
}
