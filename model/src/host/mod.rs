//! A model that is ready to answer: opened, on an engine, with its words for conversations. The server and everyone who wants
//! answers in the same process use it.

mod embedder;
mod error;
mod setup;

use std::{path::Path, sync::OnceLock};

pub use embedder::Embedder;
pub use error::HostError;
pub use setup::Setup;

use crate::{
    Model, Options, Tokenizer,
    engine::{
        self, Constraint, Engine, GrammarState, Grammars, InvalidGrammar, PagedDecoder, Settings,
        Vocabulary,
    },
    template::{CallFormat, ChatTemplate, Conversation},
};

/// A model on an engine.
#[derive(Debug)]
pub struct Host {
    name: String,
    engine: Engine,
    tokenizer: Tokenizer,
    chat: Option<ChatTemplate>,
    call_format: CallFormat,
    ends: Vec<u32>,
    /// Made when the first grammar is asked for: it takes a while and memory.
    grammars: OnceLock<Result<Grammars, InvalidGrammar>>,
}

/// What a model's publishers say about its texts.
#[derive(Debug)]
pub struct Words {
    /// Its tokenizer.
    pub tokenizer: Tokenizer,
    /// Its chat template, in Jinja.
    pub chat_template: Option<String>,
    /// The token before every text, if it has one.
    pub begin: Option<u32>,
    /// The tokens that end an answer; the first is the one that templates know.
    pub ends: Vec<u32>,
}

impl Host {
    /// Opens a folder or a GGUF and starts an engine for it; `name` is what clients call it.
    pub fn open(
        name: &str,
        path: &Path,
        options: &Options,
        setup: &Setup,
    ) -> Result<Self, HostError> {
        let model = Model::open(path, options)?;
        let mut ends: Vec<u32> = model.end_tokens.into_iter().collect();
        // The largest is the end of a turn where there is an end of a text besides.
        ends.reverse();
        let settings = setup.settings(&model.decoder, &ends);
        let decoder = PagedDecoder::new(model.decoder, &settings)?;
        let words = Words {
            tokenizer: model.tokenizer,
            chat_template: model.chat_template,
            begin: model.begin_token,
            ends,
        };
        Self::new(name, Box::new(decoder), words, settings)
    }

    /// Starts an engine for a model of one's own.
    pub fn new(
        name: &str,
        model: Box<dyn engine::Model>,
        words: Words,
        settings: Settings,
    ) -> Result<Self, HostError> {
        let Words {
            tokenizer,
            chat_template,
            begin,
            ends,
        } = words;
        let spelling = |token: Option<u32>| {
            token
                .and_then(|token| tokenizer.spelling(token))
                .unwrap_or_default()
        };
        let (begin, end) = (spelling(begin), spelling(ends.first().copied()));
        let source = chat_template.unwrap_or_default();
        let chat = (!source.is_empty())
            .then(|| ChatTemplate::new(&source, &begin, &end))
            .transpose()?;
        let vocabulary = Vocabulary::of(&tokenizer).into();
        let engine =
            Engine::start(model, vocabulary, settings).map_err(|source| HostError::Thread {
                name: name.to_owned(),
                source,
            })?;
        Ok(Self {
            name: name.to_owned(),
            engine,
            tokenizer,
            chat,
            call_format: CallFormat::of_template(&source),
            ends,
            grammars: OnceLock::new(),
        })
    }

    /// What clients call the model.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The engine, for requests.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Turns texts into tokens.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Whether the model was published for conversations.
    pub fn converses(&self) -> bool {
        self.chat.is_some()
    }

    /// How the model writes tool calls.
    pub fn call_format(&self) -> CallFormat {
        self.call_format
    }

    /// The tokens of a text, with those that the publishers put before every text.
    pub fn text_prompt(&self, text: &str) -> Result<Vec<u32>, HostError> {
        Ok(self.tokenizer.encode_with_special(text)?)
    }

    /// The tokens of a conversation that the model is to go on with.
    pub fn chat_prompt(&self, conversation: &Conversation) -> Result<Vec<u32>, HostError> {
        let template = self.chat.as_ref().ok_or_else(|| HostError::NoTemplate {
            name: self.name.clone(),
        })?;
        Ok(self.tokenizer.encode(&conversation.render(template)?)?)
    }

    /// Compiles a constraint on answers; a large schema takes a while.
    pub fn grammar(&self, constraint: &Constraint) -> Result<GrammarState, InvalidGrammar> {
        let prepare = || Grammars::new(self.engine.vocabulary(), &self.ends);
        let grammars = self.grammars.get_or_init(prepare).as_ref();
        grammars.map_err(Clone::clone)?.compile(constraint)
    }
}
