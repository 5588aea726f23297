//! A real model behind a `Host`: conversations in, text out.

use serde_json::json;
use swemill_model::{
    Batch, Cache as _, Host, Model, Options, Wanted, cache::Contiguous, engine::Request,
    host::Setup, template::Conversation,
};

use crate::models;

fn conversation(question: &str) -> Conversation {
    Conversation {
        messages: vec![json!({"role": "user", "content": question})],
        ..Conversation::default()
    }
}

/// Greedy tokens, one after the other, over the plain cache.
fn plainly(model: &Model, prompt: &[u32], count: usize) -> Vec<u32> {
    let mut cache = Contiguous::new(&model.decoder.config);
    let mut feed = prompt.to_vec();
    let mut answer = Vec::new();
    for _ in 0..count {
        let batch = Batch::of_one(0, cache.length(0), feed, Wanted::Last);
        let logits = model.decoder.forward(&batch, &mut cache, &mut ()).unwrap();
        let token = logits.argmax(1).unwrap().to_vec1::<u32>().unwrap()[0];
        answer.push(token);
        if model.end_tokens.contains(&token) {
            break;
        }
        feed = vec![token];
    }
    answer
}

#[test]
fn the_engine_writes_what_the_decoder_writes_greedily_and_it_is_an_answer() {
    let Some(installed) = models::installed("smollm2-135m-instruct") else {
        return;
    };
    let path = installed.weights();
    let setup = Setup::default();
    let host = Host::open("smollm2", &path, &Options::default(), &setup).unwrap();
    let model = Model::open(&path, &Options::default()).unwrap();
    let questions = [
        "What is the capital of France?",
        "Write one sentence about the sea.",
        "What is 2 + 2?",
        "Count from one to five.",
    ];
    let prompts = questions.map(|question| host.chat_prompt(&conversation(question)).unwrap());
    // All at once: they share steps, blocks and guesses.
    let ask = |prompt: &Vec<u32>| {
        host.engine()
            .submit(Request::new(prompt.clone(), 32))
            .unwrap()
    };
    let answers = prompts.each_ref().map(ask);
    for (answer, (prompt, question)) in answers.into_iter().zip(prompts.iter().zip(questions)) {
        let outcome = answer.wait().unwrap();
        let tokens: Vec<u32> = outcome.tokens.iter().map(|token| token.token).collect();
        let expected = plainly(&model, prompt, 32);
        println!("{question} -> {}", outcome.text);
        assert_eq!(tokens, expected, "{question}");
        let whole = model.tokenizer.decode(&expected, true).unwrap();
        assert_eq!(outcome.text, whole, "{question}");
    }
}
