//! Greedy answers of real models against llama.cpp's; see `golden/make_greedy.py`.

use candle_core::D;
use serde::Deserialize;
use serde_json::json;
use swemill_model::{
    Batch, Model, Options, Wanted, cache::Contiguous, engine::Request, template::ChatTemplate,
};

use crate::{engine::start, models};

/// llama.cpp's answer to one chat.
#[derive(Deserialize)]
struct Case {
    question: String,
    prompt: Vec<u32>,
    steps: Vec<Step>,
}

/// A token, and the next best ones with the share of the logits' spread by which it led.
#[derive(Deserialize)]
struct Step(u32, Vec<(u32, f64)>);

impl Step {
    /// The lead over a token; infinite where that is none of the next best.
    fn lead(&self, other: u32) -> f64 {
        let found = self.1.iter().find(|(token, _)| *token == other);
        found.map_or(f64::INFINITY, |(_, lead)| *lead)
    }
}

/// A lead below this is a tie: five times what leads differ by.
///
/// Both programs round activations to 8 bits, and llama.cpp keys and values to 16. How far the two are from each other is measured as a
/// share of the logits' spread: by how much the lead of llama.cpp's token over its second best differs (root of the mean square).
const TIE: f64 = 0.021;

/// What leads may differ by.
const TYPICAL: f64 = 0.006;

/// A model and llama.cpp's answers.
struct Greedy {
    name: &'static str,
    answers: &'static str,
    /// Whole answers that are equal, at least.
    whole: usize,
}

const SMOLLM2: Greedy = Greedy {
    name: "smollm2-135m-instruct",
    answers: include_str!("../golden/greedy-smollm2.json"),
    whole: 4,
};

/// No chat model: it goes on from the bare questions.
const GEMMA3: Greedy = Greedy {
    name: "gemma3-270m",
    answers: include_str!("../golden/greedy-gemma3.json"),
    whole: 8,
};

impl Greedy {
    fn cases(&self) -> Vec<Case> {
        serde_json::from_str(self.answers).unwrap()
    }

    fn model(&self) -> Option<Model> {
        let installed = models::installed(self.name)?;
        Some(Model::open(&installed.weights(), &Options::default()).unwrap())
    }

    fn compare_prompts(&self) {
        let Some(model) = self.model() else { return };
        let template = model
            .chat_template
            .as_deref()
            .map(|source| ChatTemplate::new(source, "", "").unwrap());
        for case in self.cases() {
            let tokens = match &template {
                Some(template) => {
                    let messages = [json!({"role": "user", "content": case.question})];
                    let text = template.render(&messages, None, true, &json!({}));
                    model.tokenizer.encode(&text.unwrap())
                }
                None => model.tokenizer.encode_with_special(&case.question),
            };
            assert_eq!(tokens.unwrap(), case.prompt, "{:?}", case.question);
        }
    }

    /// Whatever was said before is llama.cpp's own here, so one tie does not hide what comes after it.
    fn compare_tokens(&self) {
        let Some(model) = self.model() else { return };
        let (mut differences, mut ties) = (Vec::new(), 0);
        for (index, case) in self.cases().into_iter().enumerate() {
            let answer = case.steps.iter().map(|step| step.0);
            let tokens: Vec<u32> = case.prompt.iter().copied().chain(answer).collect();
            let rows = (case.prompt.len() - 1..tokens.len() - 1).collect();
            let batch = Batch::of_one(index, 0, tokens, Wanted::Rows(rows));
            let mut cache = Contiguous::new(&model.decoder.config);
            let logits = model.decoder.forward(&batch, &mut cache, &mut ()).unwrap();
            let chosen: Vec<u32> = logits.argmax(D::Minus1).unwrap().to_vec1().unwrap();
            let logits: Vec<Vec<f32>> = logits.to_vec2().unwrap();
            assert_eq!(chosen.len(), case.steps.len());
            for (index, (step, logits)) in case.steps.iter().zip(&logits).enumerate() {
                let (best, (second, lead)) = (step.0, step.1[0]);
                differences.push(lead_of(logits, best, second) - lead);
                if chosen[index] != best {
                    let lead = step.lead(chosen[index]);
                    println!("{:?}, token {index}: it led by {lead}", case.question);
                    assert!(
                        lead < TIE,
                        "{:?}, token {index}: a lead of {lead}",
                        case.question
                    );
                    ties += 1;
                }
            }
        }
        let count = f64::from(u32::try_from(differences.len()).unwrap());
        let squares: f64 = differences
            .iter()
            .map(|difference| difference * difference)
            .sum();
        let typical = (squares / count).sqrt();
        println!(
            "{ties} of {count} tokens were ties that went the other way; leads differ by {typical:.4}"
        );
        assert!(
            count > 900.0 && f64::from(ties) < 0.04 * count,
            "{ties} of {count}"
        );
        assert!(typical < TYPICAL, "{typical}");
    }

    fn compare_texts(&self) {
        let Some(model) = self.model() else { return };
        let engine = start(&model, |settings| settings.guesses = 0);
        let cases = self.cases();
        let ask = |case: &Case| {
            let request = Request::new(case.prompt.clone(), case.steps.len());
            engine.submit(request).unwrap()
        };
        let answers: Vec<_> = cases.iter().map(ask).collect();
        let mut whole = 0;
        for (case, answer) in cases.iter().zip(answers) {
            let found = answer.wait().unwrap().tokens;
            let mut pairs = found.iter().zip(&case.steps).enumerate();
            match pairs.find(|(_, (found, step))| found.token != step.0) {
                None => {
                    assert_eq!(found.len(), case.steps.len(), "{:?}", case.question);
                    whole += 1;
                }
                Some((index, (found, step))) => {
                    let lead = step.lead(found.token);
                    assert!(
                        lead < TIE,
                        "{:?}, token {index}: a lead of {lead}",
                        case.question
                    );
                }
            }
        }
        println!("{whole} of {} whole answers are equal", cases.len());
        assert!(whole >= self.whole, "{whole}");
    }
}

/// By which share of the spread of all logits one is more than another.
fn lead_of(logits: &[f32], one: u32, other: u32) -> f64 {
    let largest = logits.iter().copied().fold(f32::MIN, f32::max);
    let smallest = logits.iter().copied().fold(f32::MAX, f32::min);
    f64::from((logits[one as usize] - logits[other as usize]) / (largest - smallest))
}

#[test]
fn chats_become_the_tokens_that_llama_cpp_reads() {
    SMOLLM2.compare_prompts();
}

#[test]
fn questions_become_the_tokens_that_llama_cpp_reads_without_a_template() {
    GEMMA3.compare_prompts();
}

#[test]
fn every_token_after_the_words_of_llama_cpp_is_its_own_or_nearly_tied() {
    SMOLLM2.compare_tokens();
}

#[test]
fn every_token_of_gemma3_after_the_words_of_llama_cpp_is_its_own_or_nearly_tied() {
    GEMMA3.compare_tokens();
}

#[test]
fn the_engine_writes_the_text_of_llama_cpp_until_a_tie() {
    SMOLLM2.compare_texts();
}

#[test]
fn the_engine_writes_the_text_of_llama_cpp_for_gemma3_until_a_tie() {
    GEMMA3.compare_texts();
}
