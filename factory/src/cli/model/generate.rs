//! `swemill model generate`.

use std::{
    io::{IsTerminal as _, Read as _},
    process::ExitCode,
    time::Instant,
};

use anyhow::Context as _;
use clap::Args;
use serde_json::{Map, json};
use swemill_model::{
    Host,
    engine::{Done, Event, Reason, Request},
    store::Store,
    template::Conversation,
};

use super::{
    open::{self, Computing},
    sampling,
};
use crate::cli::output::Output;
use crate::models;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// A model of the store, a folder with a model, or a GGUF file
    #[arg(value_name = "MODEL")]
    model: String,
    /// What the model goes on from (default: what stdin holds)
    #[arg(long, value_name = "TEXT")]
    prompt: Option<String>,
    /// Take the prompt as a user's message of a conversation, and answer it
    #[arg(long)]
    chat: bool,
    /// The system's message of the conversation
    #[arg(long, value_name = "TEXT", requires = "chat")]
    system: Option<String>,
    /// Tokens to write at most
    #[arg(long, value_name = "N", default_value_t = 256)]
    max_tokens: usize,
    /// End before this text; may be given several times
    #[arg(long, value_name = "TEXT")]
    stop: Vec<String>,
    #[command(flatten)]
    sampling: sampling::Flags,
    #[command(flatten)]
    pub(super) computing: Computing,
}

/// Writes an answer as it comes.
pub(super) async fn run(
    arguments: Arguments,
    store: &Store,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let model = models::find(&arguments.model, store)?;
    let text = match arguments.prompt.clone() {
        Some(text) => text,
        None => read_prompt(output)?,
    };
    arguments.computing.start_threads();
    let computing = &arguments.computing;
    let host = open::host(&model, computing.setup(), &computing.target).await?;
    let request = Request {
        sampling: arguments.sampling.sampling(),
        stop: arguments.stop.clone(),
        ..Request::new(prompt(&host, &arguments, &text)?, arguments.max_tokens)
    };
    let begun = Instant::now();
    let mut answer = host.engine().submit(request)?;
    let mut whole = String::new();
    while let Some(event) = answer.next().await {
        let (text, done) = match event {
            Event::Token(token) => (token.text, None),
            Event::Done(done) => (done.text.clone(), Some(done)),
            Event::Failed(error) => return Err(error.into()),
        };
        output.piece(&text);
        whole.push_str(&text);
        if let Some(done) = done {
            return finish(
                &model.name,
                &whole,
                &done,
                begun.elapsed().as_secs_f64(),
                output,
            );
        }
    }
    anyhow::bail!("the engine ended without a last word; its reason is on stderr")
}

fn read_prompt(output: &Output) -> anyhow::Result<String> {
    if std::io::stdin().is_terminal() {
        output.note("the prompt, ended by Ctrl-D:");
    }
    let mut text = String::new();
    let read = std::io::stdin().lock().read_to_string(&mut text);
    read.context("could not read the prompt from stdin; it must be UTF-8")?;
    Ok(text)
}

fn prompt(host: &Host, arguments: &Arguments, text: &str) -> anyhow::Result<Vec<u32>> {
    if !arguments.chat {
        return Ok(host.text_prompt(text)?);
    }
    let system = arguments.system.iter();
    let mut messages: Vec<_> = system
        .map(|text| json!({"role": "system", "content": text}))
        .collect();
    messages.push(json!({"role": "user", "content": text}));
    let conversation = Conversation {
        messages,
        tools: Vec::new(),
        extra: Map::new(),
    };
    Ok(host.chat_prompt(&conversation)?)
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn finish(
    model: &str,
    text: &str,
    done: &Done,
    seconds: f64,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let usage = done.usage;
    let rate = usage.answer as f64 / seconds.max(1e-9);
    if output.is_json() {
        let finish = match done.reason {
            Reason::Length => "length",
            _ => "stop",
        };
        output.document(&json!({
            "model": model,
            "text": text,
            "finish_reason": finish,
            "prompt_tokens": usage.prompt,
            "completion_tokens": usage.answer,
            "seconds": seconds,
            "tokens_per_second": rate,
        }))?;
    } else {
        output.line("");
        output.note(format!(
            "{} tokens read, {} written in {seconds:.1} s ({rate:.1} a second)",
            usage.prompt, usage.answer
        ));
    }
    Ok(ExitCode::SUCCESS)
}
