//! The same request gets the same answer, whatever happens around it.

use proptest::prelude::*;

use crate::engine::{
    Constraint, Event, Grammars, Reason, Request, Sampling, Settings,
    testing::{END, bytes_vocabulary, engine, small},
};

fn hot(prompt: &[u32], seed: u64) -> Request {
    let mut request = Request::new(prompt.to_vec(), 40);
    request.sampling = Sampling {
        temperature: 1.0,
        seed,
        top_p: 0.95,
        ..Sampling::default()
    };
    request
}

/// Nearly greedy, so that a model with a period repeats itself.
fn cold(prompt: &[u32], seed: u64) -> Request {
    let mut request = hot(prompt, seed);
    request.sampling.temperature = 0.01;
    request
}

/// What is asked of a model with or without a period.
fn request(prompt: &[u32], seed: u64, period: Option<usize>) -> Request {
    if period.is_some() {
        cold(prompt, seed)
    } else {
        hot(prompt, seed)
    }
}

fn prompts() -> Vec<Vec<u32>> {
    let shared: Vec<u32> = (0..37).map(|n| 97 + n * 7 % 26).collect();
    let own = |index: u32| (0..=index % 5).map(move |n| 97 + (index * 11 + n) % 26);
    (0..24)
        .map(|index| {
            shared[..(index as usize * 3) % 37]
                .iter()
                .copied()
                .chain(own(index))
                .collect()
        })
        .collect()
}

/// Every answer alone, on an engine that keeps nothing and guesses nothing.
fn alone(period: Option<usize>) -> Vec<String> {
    let settings = Settings {
        prefix_cache: false,
        sequences: 1,
        ..small()
    };
    let engine = engine(settings, |model| model.period = period);
    let answer = |(seed, prompt): (u64, &Vec<u32>)| {
        engine
            .submit(request(prompt, seed, period))
            .unwrap()
            .wait()
            .unwrap()
            .text
    };
    (0..).zip(&prompts()).map(answer).collect()
}

fn together(settings: Settings, period: Option<usize>) -> (Vec<String>, crate::engine::Engine) {
    let engine = engine(settings, |model| model.period = period);
    let answers: Vec<_> = (0..)
        .zip(&prompts())
        .map(|(seed, prompt)| engine.submit(request(prompt, seed, period)).unwrap())
        .collect();
    (
        answers
            .into_iter()
            .map(|answer| answer.wait().unwrap().text)
            .collect(),
        engine,
    )
}

#[test]
fn batch_is_single_and_chunked_is_whole_and_prefix_hit_is_miss() {
    let expected = alone(None);
    assert!(expected.iter().any(|text| text.len() > 10));
    assert_eq!(together(small(), None).0, expected);
    let (again, engine) = together(
        Settings {
            step_tokens: 12,
            ..small()
        },
        None,
    );
    assert_eq!(again, expected);
    assert!(engine.metrics().cached_tokens.get() > 0);
}

#[test]
fn an_engine_with_too_few_blocks_preempts_and_answers_the_same() {
    let (answers, engine) = together(
        Settings {
            blocks: 26,
            ..small()
        },
        None,
    );
    assert_eq!(answers, alone(None));
    assert!(engine.metrics().preemptions.get() > 0);
    assert_eq!(engine.metrics().failed.get(), 0);
}

#[test]
fn guessing_ahead_changes_no_text() {
    for period in [None, Some(2)] {
        let (answers, engine) = together(
            Settings {
                guesses: 8,
                ..small()
            },
            period,
        );
        assert_eq!(answers, alone(period));
        let accepted = engine.metrics().accepted_tokens.get();
        assert!(
            period.is_none() || accepted > 0,
            "nothing was guessed right"
        );
    }
}

#[test]
fn guessing_ahead_keeps_to_a_grammar_and_to_penalties() {
    let grammars = Grammars::new(&bytes_vocabulary(), &[END]).unwrap();
    let answer = |guesses| {
        let engine = engine(Settings { guesses, ..small() }, |model| {
            model.period = Some(3);
        });
        let mut request = hot(&[97, 98, 99], 5);
        request.sampling.frequency_penalty = 0.5;
        request.grammar = Some(
            grammars
                .compile(&Constraint::Regex("(ab|cd|[e-k])*x".into()))
                .unwrap(),
        );
        engine.submit(request).unwrap().wait().unwrap()
    };
    let plain = answer(0);
    assert_eq!(answer(8).text, plain.text);
    assert!(plain.done.reason == Reason::Grammar || plain.done.reason == Reason::Length);
}

#[test]
fn a_grammar_ends_the_answer_where_nothing_can_follow() {
    let grammars = Grammars::new(&bytes_vocabulary(), &[END]).unwrap();
    let engine = engine(small(), |_| ());
    let mut request = hot(&[97], 1);
    request.grammar = Some(
        grammars
            .compile(&Constraint::Regex("[ab]{3}<[0-9]>".into()))
            .unwrap(),
    );
    let outcome = engine.submit(request).unwrap().wait().unwrap();
    assert_eq!(outcome.done.reason, Reason::Grammar);
    assert_eq!(outcome.text.len(), 6);
    assert!(
        outcome
            .text
            .chars()
            .take(3)
            .all(|letter| "ab".contains(letter)),
        "{}",
        outcome.text
    );
}

#[test]
fn stop_strings_end_the_answer_before_their_first_letter() {
    let whole = alone(None)
        .into_iter()
        .enumerate()
        .max_by_key(|(_, text)| text.len())
        .unwrap();
    let engine = engine(small(), |_| ());
    let mut request = hot(&prompts()[whole.0], whole.0 as u64);
    request.stop = vec![whole.1[6..9].to_owned()];
    let outcome = engine.submit(request).unwrap().wait().unwrap();
    let at = whole.1.find(&whole.1[6..9]).unwrap();
    assert_eq!(outcome.text, whole.1[..at]);
    assert_eq!(
        outcome.done.reason,
        Reason::StopString(whole.1[6..9].to_owned())
    );
}

#[test]
fn a_wholly_known_prompt_computes_one_token() {
    let engine = engine(small(), |_| ());
    let prompt: Vec<u32> = (0..32).map(|n| 97 + n % 26).collect();
    let ask = || {
        engine
            .submit(Request::new(prompt.clone(), 5))
            .unwrap()
            .wait()
            .unwrap()
    };
    let first = ask();
    let second = ask();
    assert_eq!((first.done.usage.cached, second.done.usage.cached), (0, 31));
    assert_eq!(first.text, second.text);
}

#[test]
fn requests_of_other_salts_find_nothing() {
    let engine = engine(small(), |_| ());
    let ask = |salt: &str| {
        let mut request = Request::new(vec![100; 33], 2);
        salt.clone_into(&mut request.salt);
        engine
            .submit(request)
            .unwrap()
            .wait()
            .unwrap()
            .done
            .usage
            .cached
    };
    assert_eq!((ask("a"), ask("a"), ask("b")), (0, 32, 0));
}

#[test]
fn the_same_prompt_many_times_at_once_is_computed_once() {
    let engine = engine(small(), |_| ());
    let prompt = vec![101; 41];
    let answers: Vec<_> = (0..6)
        .map(|_| engine.submit(Request::new(prompt.clone(), 3)).unwrap())
        .collect();
    let cached: usize = answers
        .into_iter()
        .map(|answer| answer.wait().unwrap().done.usage.cached)
        .sum();
    assert_eq!(cached, 5 * 40);
}

#[test]
fn tokens_and_their_pieces_of_text_add_up() {
    let engine = engine(small(), |_| ());
    let mut answer = engine.submit(hot(&[97, 98], 3)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut tokens = 0;
        loop {
            match answer.next().await.unwrap() {
                Event::Token(_) => tokens += 1,
                Event::Done(done) => break assert_eq!(done.usage.answer, tokens),
                Event::Failed(error) => panic!("{error}"),
            }
        }
        assert_eq!(answer.next().await, None);
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn no_setting_changes_an_answer(
        blocks in 24usize..80, step_tokens in 8usize..40, sequences in 1usize..9, guesses in 0usize..6, prefix_cache: bool
    ) {
        let settings = Settings { blocks, step_tokens, sequences, guesses, prefix_cache, ..small() };
        prop_assert_eq!(together(settings, Some(5)).0, alone(Some(5)));
    }
}
