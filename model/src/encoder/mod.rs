//! Encoders of the BERT kind: vectors of sentences, and classes of texts.

mod config;
mod layer;

use std::path::Path;

use candle_core::{DType, Device, Tensor};
pub use config::EncoderConfig;
use layer::Layer;

use crate::{
    Batch, Error, Result, Weights,
    config::NormKind,
    layers::{Embedding, Linear, Norm},
    weights::{Folder, read_json},
};

/// An encoder with its weights (Devlin et al., BERT, arXiv 1810.04805).
#[derive(Debug, Clone)]
pub struct Encoder {
    /// Its shape.
    pub config: EncoderConfig,
    words: Embedding,
    positions: Tensor,
    kind: Tensor,
    norm: Norm,
    layers: Vec<Layer>,
    pooler: Option<Linear>,
    classifier: Option<Linear>,
    device: Device,
}

impl Encoder {
    /// Opens a Hugging Face folder.
    pub fn open(folder: &Path, dtype: DType, device: &Device) -> Result<Self> {
        let config = EncoderConfig::from_huggingface(&read_json(&folder.join("config.json"))?)?;
        let mut weights = Folder::open_tensors(folder, None, dtype, device)?;
        Self::new(config, &mut weights, device)
    }

    /// Builds the encoder from its tensors, by the names of `BertModel`, or of `BertForSequenceClassification` if it classifies.
    pub fn new(config: EncoderConfig, weights: &mut dyn Weights, device: &Device) -> Result<Self> {
        let prefix = if weights.has("bert.embeddings.word_embeddings.weight") {
            "bert."
        } else {
            ""
        };
        let hidden = config.hidden;
        let name = |part: &str| format!("{prefix}embeddings.{part}");
        let words = weights.embedding(&name("word_embeddings"), config.vocabulary, hidden)?;
        let positions = weights.tensor(
            &name("position_embeddings.weight"),
            &[config.context, hidden],
        )?;
        let kinds = weights.tensor(
            &name("token_type_embeddings.weight"),
            &[config.kinds, hidden],
        )?;
        let norm = Norm::new(
            NormKind::Layer,
            config.epsilon,
            &name("LayerNorm"),
            hidden,
            weights,
        )?;
        let layers = (0..config.layers)
            .map(|layer| Layer::new(&config, &format!("{prefix}encoder.layer.{layer}"), weights))
            .collect::<Result<_>>()?;
        let mut optional = |name: String, outputs: usize| {
            let there = weights.has(&format!("{name}.weight"));
            there
                .then(|| weights.linear(&name, hidden, outputs, true))
                .transpose()
        };
        let pooler = optional(format!("{prefix}pooler.dense"), hidden)?;
        let classifier = optional("classifier".into(), config.classes)?;
        let (kind, device) = (kinds.get(0)?, device.clone());
        Ok(Self {
            config,
            words,
            positions,
            kind,
            norm,
            layers,
            pooler,
            classifier,
            device,
        })
    }

    /// The last layer's output for every row: `[rows, hidden]`. Each span is a text of its own and begins at position 0.
    pub fn hidden(&self, batch: &Batch) -> Result<Tensor> {
        batch.check(self.config.vocabulary, self.config.context)?;
        let tokens = Tensor::new(batch.tokens.as_slice(), &self.device)?;
        let positions = Tensor::new(batch.positions(), &self.device)?;
        let words = self.words.forward(&tokens)?.broadcast_add(&self.kind)?;
        let mut x = self
            .norm
            .forward(&words.add(&self.positions.index_select(&positions, 0)?)?)?;
        for layer in &self.layers {
            x = layer.forward(&x, batch)?;
        }
        Ok(x)
    }

    /// One vector a text, of length one: the mean over its rows, as sentence-transformers makes them. `[texts, hidden]`.
    pub fn sentences(&self, batch: &Batch) -> Result<Tensor> {
        let hidden = self.hidden(batch)?;
        let means = batch.spans.iter().map(|span| {
            let rows = hidden.narrow(0, span.rows.start, span.rows.len())?;
            Ok(rows.mean(0)?)
        });
        let means = Tensor::stack(&means.collect::<Result<Vec<_>>>()?, 0)?;
        let lengths = means
            .sqr()?
            .sum_keepdim(1)?
            .sqrt()?
            .clamp(1e-12, f64::MAX)?;
        Ok(means.broadcast_div(&lengths)?)
    }

    /// The logits of the classes, from each text's first row: `[texts, classes]`.
    pub fn classify(&self, batch: &Batch) -> Result<Tensor> {
        let missing = |name: &str| Error::MissingTensor {
            name: name.to_owned(),
        };
        let pooler = self
            .pooler
            .as_ref()
            .ok_or_else(|| missing("pooler.dense.weight"))?;
        let classifier = self
            .classifier
            .as_ref()
            .ok_or_else(|| missing("classifier.weight"))?;
        let rows = batch
            .spans
            .iter()
            .map(|span| i64::try_from(span.rows.start).expect("a batch has fewer than 2^63 rows"));
        let first = self
            .hidden(batch)?
            .index_select(&Tensor::from_iter(rows, &self.device)?, 0)?;
        classifier.forward(&pooler.forward(&first)?.tanh()?)
    }
}
