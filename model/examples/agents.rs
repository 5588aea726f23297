//! Measures the engine with agents: `cargo run --release -p swemill-model --example agents -- MODEL SEQUENCES one|all [KEPT]`.
//!
//! Each agent sends a conversation that begins like all others' (2,000 tokens), adds 200 tokens a turn, hears 32, and sends all of it
//! again, for five turns. `all` answers them together with the prefix cache; `one` answers one agent after the other, without a
//! prefix cache unless KEPT is `kept`. Prints one JSON object. Token ids are arbitrary: the time does not depend on them.

use std::{io::Write as _, path::Path, time::Instant};

use swemill_model::{
    Host, Options,
    engine::{Answer, Request},
    host::Setup,
};

const SHARED: u32 = 2000;
const NEW: u32 = 200;
const ANSWER: usize = 32;
const TURNS: u32 = 5;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (model, agents, together, kept) = match arguments.as_slice() {
        [model, agents, "all"] => (model, agents, true, true),
        [model, agents, "one"] => (model, agents, false, false),
        [model, agents, "one", "kept"] => (model, agents, false, true),
        _ => return Err("usage: agents MODEL SEQUENCES one|all [kept]".into()),
    };
    let agents: u32 = agents.parse()?;
    let setup = Setup {
        // Arbitrary tokens repeat themselves more than real ones: guesses would flatter.
        guesses: 0,
        prefix_cache: kept,
        ..Setup::default()
    };
    let host = Host::open("model", Path::new(model), &Options::default(), &setup)?;
    let mut conversations: Vec<Vec<u32>> = (0..agents).map(|_| tokens(0, SHARED)).collect();
    let begun = Instant::now();
    for turn in 0..TURNS {
        let mut answers: Vec<Option<Answer>> = Vec::new();
        for (agent, conversation) in (0..).zip(&mut conversations) {
            conversation.extend(tokens(1 + agent * TURNS + turn, NEW));
            let answer = host.engine().submit(Request {
                ignore_end: true,
                ..Request::new(conversation.clone(), ANSWER)
            })?;
            if together {
                answers.push(Some(answer));
            } else {
                hear(conversation, answer)?;
            }
        }
        for (conversation, answer) in conversations.iter_mut().zip(&mut answers) {
            if let Some(answer) = answer.take() {
                hear(conversation, answer)?;
            }
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let metrics = host.engine().metrics();
    let (prompt, answer) = (metrics.prompt_tokens.get(), metrics.answer_tokens.get());
    let row = serde_json::json!({
        "agents": agents, "together": together, "kept": kept, "seconds": seconds, "processor_seconds": processor_seconds()?,
        "prompt_tokens": prompt, "answer_tokens": answer, "cached_tokens": metrics.cached_tokens.get(),
        "preemptions": metrics.preemptions.get(),
    });
    writeln!(std::io::stdout(), "{row}")?;
    Ok(())
}

/// Tokens that look alike nowhere else.
fn tokens(stream: u32, count: u32) -> Vec<u32> {
    (0..count)
        .map(|index| {
            let mixed = (stream.wrapping_mul(0x9e37_79b9) ^ index).wrapping_mul(0x85eb_ca6b);
            100 + (mixed >> 16) % 40_000
        })
        .collect()
}

fn hear(conversation: &mut Vec<u32>, answer: Answer) -> Result<(), Failure> {
    let outcome = answer.wait()?;
    conversation.extend(outcome.tokens.iter().map(|token| token.token));
    Ok(())
}

/// User and system time of the process, as Linux counts it, in hundredths of a second.
fn processor_seconds() -> Result<f64, Failure> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let fields = text.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: Vec<f64> = ticks.map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / 100.0)
}
