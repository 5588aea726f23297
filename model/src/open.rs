//! Opening a model: a Hugging Face folder or a GGUF, with its tokenizer.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use candle_core::{DType, Device};
use serde_json::Value;

use crate::{
    Decoder, DecoderConfig, Error, Result, Weights,
    device::{DeviceChoice, NumberFormat, usual_numbers},
    tokenizer::Tokenizer,
    weights::{Folder, Gguf, GgufWeights, Keep, read_json},
};

/// How a model is to be opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// The type that it computes in; `F64` for checks.
    pub dtype: DType,
    /// Where it computes.
    pub device: Device,
    /// What to do with the quantised matrices of a GGUF.
    pub keep: Keep,
}

impl Options {
    /// Computing at this place, in these numbers or in those that are usual there.
    pub fn at(place: DeviceChoice, numbers: Option<NumberFormat>) -> Result<Self> {
        let device = place.open()?;
        Ok(Self {
            dtype: numbers.map_or_else(|| usual_numbers(&device), |numbers| numbers.0),
            device,
            ..Self::default()
        })
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dtype: DType::F32,
            device: Device::Cpu,
            keep: Keep::Quantized,
        }
    }
}

/// A decoder with all that its publishers say about using it.
#[derive(Debug, Clone)]
pub struct Model {
    /// The decoder.
    pub decoder: Decoder,
    /// Its tokenizer.
    pub tokenizer: Tokenizer,
    /// Its chat template, in Jinja.
    pub chat_template: Option<String>,
    /// The token before every text, if it has one.
    pub begin_token: Option<u32>,
    /// The tokens that end an answer.
    pub end_tokens: BTreeSet<u32>,
}

/// A model's files, opened: what a decoder is made of, and all that its publishers say about using it.
pub struct Opened {
    /// What the model looks like.
    pub config: DecoderConfig,
    /// Its parameters.
    pub weights: Box<dyn Weights>,
    /// Its tokenizer.
    pub tokenizer: Tokenizer,
    /// Its chat template, in Jinja.
    pub chat_template: Option<String>,
    /// The token before every text, if it has one.
    pub begin_token: Option<u32>,
    /// The tokens that end an answer.
    pub end_tokens: BTreeSet<u32>,
}

impl Model {
    /// Opens a folder with config.json, safetensors and tokenizer.json, a folder with one GGUF, or a GGUF.
    pub fn open(path: &Path, options: &Options) -> Result<Self> {
        let mut files = Opened::open(path, options)?;
        let decoder = Decoder::new(
            files.config,
            &mut *files.weights,
            options.dtype,
            &options.device,
        )?;
        Ok(Self {
            decoder,
            tokenizer: files.tokenizer,
            chat_template: files.chat_template,
            begin_token: files.begin_token,
            end_tokens: files.end_tokens,
        })
    }
}

impl Opened {
    /// Opens what [`Model::open`] opens, and makes no decoder of it: for training.
    pub fn open(path: &Path, options: &Options) -> Result<Self> {
        let files = match gguf_at(path)? {
            Some(file) => Self::open_gguf(&file, options),
            None => Self::open_folder(path, options),
        }?;
        files.tokenizer.check(files.config.vocabulary)?;
        Ok(files)
    }

    fn open_folder(folder: &Path, options: &Options) -> Result<Self> {
        let Options { dtype, device, .. } = options;
        let (model, weights) = Folder::open(folder, *dtype, device)?;
        let tokenizer = Tokenizer::from_file(&folder.join("tokenizer.json"))?;
        let config = read_json(&folder.join("config.json"))?;
        let generation = optional_json(&folder.join("generation_config.json"))?;
        let settings = optional_json(&folder.join("tokenizer_config.json"))?;
        let tokens = |key: &str| {
            [&config, &generation]
                .into_iter()
                .flat_map(|json| ids(&json[key]))
                .collect::<BTreeSet<_>>()
        };
        let mut end_tokens = tokens("eos_token_id");
        // Instruct models end their turns by the tokenizer's end token, which is not always the configuration's.
        let spelling = settings["eos_token"]
            .as_str()
            .or(settings["eos_token"]["content"].as_str());
        end_tokens.extend(spelling.and_then(|spelling| tokenizer.token(spelling)));
        Ok(Self {
            config: model,
            weights: Box::new(weights),
            begin_token: tokens("bos_token_id").first().copied(),
            end_tokens,
            chat_template: chat_template(folder, &settings)?,
            tokenizer,
        })
    }

    fn open_gguf(path: &Path, options: &Options) -> Result<Self> {
        let Options {
            dtype,
            device,
            keep,
        } = options;
        let file = Arc::new(Gguf::open(path)?);
        let (config, weights) = GgufWeights::open(Arc::clone(&file), *keep, *dtype, device)?;
        let beside = path.with_file_name("tokenizer.json");
        let tokenizer = if beside.exists() {
            Tokenizer::from_file(&beside)?
        } else {
            Tokenizer::from_gguf(&file)?
        };
        let value = |key: &str| {
            file.metadata()
                .get(&format!("tokenizer.{key}"))
                .unwrap_or(&Value::Null)
        };
        let ends = ["ggml.eos_token_id", "ggml.eot_token_id"]
            .into_iter()
            .flat_map(|key| ids(value(key)));
        Ok(Self {
            config,
            weights: Box::new(weights),
            begin_token: ids(value("ggml.bos_token_id")).next(),
            end_tokens: ends.collect(),
            chat_template: value("chat_template").as_str().map(str::to_owned),
            tokenizer,
        })
    }
}

/// The GGUF at a path: the file itself, or the only one in a folder without a config.json.
fn gguf_at(path: &Path) -> Result<Option<PathBuf>> {
    let is_gguf = |path: &Path| {
        path.extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"))
    };
    if !path.is_dir() {
        return Ok(Some(path.to_owned()));
    }
    if path.join("config.json").exists() {
        return Ok(None);
    }
    let entries = std::fs::read_dir(path).map_err(Error::file("read", path))?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| is_gguf(path))
        .collect();
    match found.len() {
        1 => Ok(found.pop()),
        0 => Err(Error::format(
            path,
            "it holds neither a config.json nor a GGUF",
        )),
        count => Err(Error::format(
            path,
            format!("it holds {count} GGUFs; name one of them"),
        )),
    }
}

/// A token's number, or the numbers of several.
fn ids(value: &Value) -> impl Iterator<Item = u32> {
    let list = match value {
        Value::Array(list) => list.as_slice(),
        single => std::slice::from_ref(single),
    };
    list.iter()
        .filter_map(Value::as_u64)
        .filter_map(|id| u32::try_from(id).ok())
}

/// A file that need not be there.
fn optional_json(path: &Path) -> Result<Value> {
    if path.exists() {
        read_json(path)
    } else {
        Ok(Value::Null)
    }
}

/// The file `chat_template.jinja`, or the template in `tokenizer_config.json` (the one called `default` where there are several).
fn chat_template(folder: &Path, settings: &Value) -> Result<Option<String>> {
    let file = folder.join("chat_template.jinja");
    if file.exists() {
        return std::fs::read_to_string(&file)
            .map(Some)
            .map_err(Error::file("read", file));
    }
    let text = match &settings["chat_template"] {
        Value::Array(named) => named
            .iter()
            .find(|entry| entry["name"] == "default")
            .and_then(|entry| entry["template"].as_str()),
        template => template.as_str(),
    };
    Ok(text.map(str::to_owned))
}
