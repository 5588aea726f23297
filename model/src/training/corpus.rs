//! Data files: JSON lines of texts, prompts with completions, conversations or tokens, made into documents.
//!
//! | keys of a line | what counts in the loss |
//! | --- | --- |
//! | `text` | everything |
//! | `prompt`, `completion` | the completion |
//! | `messages`, and `tools` if there are any | what the assistant says; with `loss_spans`, only the messages that these name |
//! | `tokens`, and `weights` if not all count the same | what the weights say |

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::document::Document;
use crate::{Opened, Tokenizer, template::ChatTemplate};

/// A data file that cannot be trained on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CorpusError {
    /// The file could not be read.
    #[error("could not read {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line is not what can be trained on.
    #[error("{}, line {line}: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The model's chat template cannot be used.
    #[error(transparent)]
    Template(#[from] crate::template::TemplateError),
}

/// How a model reads texts.
#[derive(Debug, Clone)]
pub struct Reader {
    tokenizer: Tokenizer,
    template: Option<ChatTemplate>,
    end: Option<u32>,
    vocabulary: usize,
    /// Tokens of a document at most: longer ones are cut, and no target is lost.
    context: usize,
}

impl Reader {
    /// A reader for a model; documents have at most `context` tokens, or what the model holds if that is less.
    pub fn new(model: &Opened, context: Option<usize>) -> Result<Self, CorpusError> {
        let spelling = |token: Option<u32>| token.and_then(|token| model.tokenizer.spelling(token));
        let end = model.end_tokens.first().copied();
        let (begin, last) = (spelling(model.begin_token), spelling(end));
        let compile = |source: &String| {
            ChatTemplate::new(
                source,
                &begin.unwrap_or_default(),
                &last.unwrap_or_default(),
            )
        };
        Ok(Self {
            tokenizer: model.tokenizer.clone(),
            template: model.chat_template.as_ref().map(compile).transpose()?,
            end,
            vocabulary: model.config.vocabulary,
            context: context.map_or(model.config.context, |own| own.min(model.config.context)),
        })
    }

    /// The documents of a file of JSON lines; empty lines are passed over.
    pub fn read(&self, path: &Path) -> Result<Vec<Document>, CorpusError> {
        let failed = |source| CorpusError::File {
            path: path.to_owned(),
            source,
        };
        let mut documents = Vec::new();
        for (index, line) in BufReader::new(File::open(path).map_err(failed)?)
            .lines()
            .enumerate()
        {
            let line = line.map_err(failed)?;
            if line.trim().is_empty() {
                continue;
            }
            let document = self.document(&line).map_err(|reason| CorpusError::Line {
                path: path.to_owned(),
                line: index + 1,
                reason,
            })?;
            documents.extend(document.split(self.context));
        }
        Ok(documents)
    }

    /// The document of one line.
    fn document(&self, line: &str) -> Result<Document, String> {
        let json: Value =
            serde_json::from_str(line).map_err(|error| format!("it is no JSON ({error})"))?;
        let text = |key: &str| json[key].as_str();
        let document = if let Some(tokens) = json.get("tokens") {
            numbered(tokens, json.get("weights"))?
        } else if let Some(messages) = json["messages"].as_array() {
            self.conversation(messages, &json)?
        } else if let (Some(prompt), Some(completion)) = (text("prompt"), text("completion")) {
            let mut pieces = Pieces::begin(self.encode(prompt, true)?, 0.0);
            pieces.add(self.encode(completion, false)?, 1.0);
            pieces.add(self.end, 1.0);
            pieces.document
        } else if let Some(text) = text("text") {
            let mut pieces = Pieces::begin(self.encode(text, true)?, 1.0);
            pieces.add(self.end, 1.0);
            pieces.document
        } else {
            return Err(
                "it has neither `messages`, nor `prompt` and `completion`, nor `text`, nor `tokens`"
                    .into(),
            );
        };
        match document
            .tokens
            .iter()
            .find(|&&token| token as usize >= self.vocabulary)
        {
            Some(token) => Err(format!(
                "token {token} is outside of the vocabulary of {}",
                self.vocabulary
            )),
            None => Ok(document),
        }
    }

    /// A conversation as the model's template writes it: what an assistant adds to the text up to its turn counts.
    fn conversation(&self, messages: &[Value], json: &Value) -> Result<Document, String> {
        let template = self
            .template
            .as_ref()
            .ok_or("it has `messages`, but the model has no chat template")?;
        let tools = json["tools"].as_array().map(Vec::as_slice);
        let counted: Option<BTreeSet<u64>> = json["loss_spans"].as_array().map(|spans| {
            spans
                .iter()
                .filter_map(|span| span["message"].as_u64())
                .collect()
        });
        let render = |upto: usize, prompt: bool| {
            let text = template.render(&messages[..upto], tools, prompt, &Value::Null);
            text.map_err(|error| error.to_string())
        };
        let mut pieces = Pieces::begin(Vec::new(), 0.0);
        let mut written = String::new();
        for (index, message) in messages.iter().enumerate() {
            if message["role"] != "assistant" {
                continue;
            }
            let counts = counted
                .as_ref()
                .is_none_or(|counted| counted.contains(&(index as u64)));
            let (before, after) = (render(index, true)?, render(index + 1, false)?);
            let (Some(asked), Some(said)) =
                (before.strip_prefix(&written), after.strip_prefix(&before))
            else {
                return Err(format!(
                    "the chat template writes what came before message {index} in another way once it is there; \
                     cut the conversation after the last assistant's message that shall be learnt"
                ));
            };
            pieces.add(self.encode(asked, false)?, 0.0);
            pieces.add(self.encode(said, false)?, if counts { 1.0 } else { 0.0 });
            written = after;
        }
        Ok(pieces.document)
    }

    fn encode(&self, text: &str, first: bool) -> Result<Vec<u32>, String> {
        let tokens = if first {
            self.tokenizer.encode_with_special(text)
        } else {
            self.tokenizer.encode(text)
        };
        tokens.map_err(|error| error.to_string())
    }
}

/// A document that grows.
struct Pieces {
    document: Document,
}

impl Pieces {
    fn begin(tokens: Vec<u32>, weight: f32) -> Self {
        let weights = vec![weight; tokens.len()];
        Self {
            document: Document { tokens, weights },
        }
    }

    fn add(&mut self, tokens: impl IntoIterator<Item = u32>, weight: f32) {
        self.document.tokens.extend(tokens);
        self.document
            .weights
            .resize(self.document.tokens.len(), weight);
    }
}

fn numbered(tokens: &Value, weights: Option<&Value>) -> Result<Document, String> {
    let tokens: Vec<u32> = serde_json::from_value(tokens.clone())
        .map_err(|error| format!("`tokens` is no list of numbers ({error})"))?;
    let Some(weights) = weights else {
        return Ok(Document::plain(tokens));
    };
    let weights: Vec<f32> = serde_json::from_value(weights.clone())
        .map_err(|error| format!("`weights` is no list of numbers ({error})"))?;
    Document::weighted(tokens, weights).map_err(|error| error.to_string())
}
