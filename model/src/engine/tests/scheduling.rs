//! Who goes first, who waits, who is forgotten.

use std::time::{Duration, Instant};

use crate::engine::{
    Event, Request, RequestError, Settings,
    testing::{engine, small},
};

fn until(what: &str, condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn endless(prompt: Vec<u32>, tokens: usize) -> Request {
    Request {
        ignore_end: true,
        ..Request::new(prompt, tokens)
    }
}

#[test]
fn a_dropped_answer_frees_its_blocks_and_its_place() {
    let settings = Settings {
        sequences: 1,
        ..small()
    };
    let engine = engine(settings, |model| model.delay = Duration::from_millis(1));
    let running = engine.submit(endless(vec![97; 9], 200)).unwrap();
    let waiting = engine.submit(endless(vec![98; 9], 200)).unwrap();
    let last = engine.submit(Request::new(vec![99; 9], 3)).unwrap();
    until("the first request runs", || engine.metrics().running() == 1);
    drop(waiting);
    drop(running);
    last.wait().unwrap();
    assert_eq!(engine.metrics().cancelled.get(), 2);
    until("all blocks are free", || {
        engine.metrics().occupancy().used == 0
    });
    assert_eq!(engine.metrics().waiting(), 0);
}

#[test]
fn a_full_queue_refuses_and_takes_again_later() {
    let settings = Settings {
        sequences: 1,
        queue: 2,
        ..small()
    };
    let engine = engine(settings, |model| model.delay = Duration::from_millis(1));
    let first = engine.submit(endless(vec![97; 5], 100)).unwrap();
    until("the first request runs", || engine.metrics().running() == 1);
    let waiting = [98, 99].map(|token| engine.submit(endless(vec![token; 5], 2)).unwrap());
    let refused = engine.submit(Request::new(vec![100; 5], 2)).unwrap_err();
    assert_eq!(refused, RequestError::QueueFull { waiting: 2 });
    drop(first);
    for answer in waiting {
        answer.wait().unwrap();
    }
    engine
        .submit(Request::new(vec![100; 5], 2))
        .unwrap()
        .wait()
        .unwrap();
    assert_eq!(engine.metrics().refused.get(), 1);
}

#[test]
fn a_higher_priority_overtakes_those_that_wait() {
    let settings = Settings {
        sequences: 1,
        ..small()
    };
    let engine = engine(settings, |model| model.delay = Duration::from_millis(1));
    let first = engine.submit(endless(vec![97; 5], 20)).unwrap();
    until("the first request runs", || engine.metrics().running() == 1);
    let low = engine.submit(endless(vec![98; 5], 60)).unwrap();
    let high = engine
        .submit(Request {
            priority: 1,
            ..endless(vec![99; 5], 5)
        })
        .unwrap();
    high.wait().unwrap();
    // The low one has not been answered when the high one was.
    assert!(engine.metrics().completed.get() <= 2);
    low.wait().unwrap();
    first.wait().unwrap();
}

#[test]
fn a_long_prompt_does_not_hold_up_those_who_decode() {
    let settings = Settings {
        step_tokens: 24,
        blocks: 600,
        ..small()
    };
    let engine = engine(settings, |model| model.delay = Duration::from_millis(1));
    let mut short = engine.submit(endless(vec![97; 3], 400)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        assert!(matches!(short.next().await, Some(Event::Token(_))));
        let mut long = engine.submit(endless(vec![98; 2000], 2)).unwrap();
        let mut between = 0;
        loop {
            tokio::select! {
                biased;
                event = short.next() => match event.unwrap() {
                    Event::Token(_) => between += 1,
                    other => panic!("{other:?}"),
                },
                event = long.next() => break assert!(matches!(event, Some(Event::Token(_)))),
            }
        }
        // 2,000 tokens at 23 a step are 87 steps: each of them gave the other one a token.
        assert!(between >= 80, "{between}");
    });
}

#[test]
fn a_client_that_does_not_read_is_given_up_and_holds_up_nobody() {
    let settings = Settings {
        channel: 4,
        stall: Duration::from_millis(50),
        ..small()
    };
    let engine = engine(settings, |_| ());
    let mut asleep = engine.submit(endless(vec![97; 5], 100)).unwrap();
    engine
        .submit(endless(vec![98; 5], 3))
        .unwrap()
        .wait()
        .unwrap();
    until("the client is given up", || {
        engine.metrics().failed.get() == 1
    });
    until("its blocks are free", || {
        engine.metrics().occupancy().used == 0
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut events = 0;
    while let Some(event) = runtime.block_on(asleep.next()) {
        events += 1;
        if let Event::Failed(error) = event {
            assert!(matches!(error, RequestError::ClientStalled { .. }));
        }
    }
    assert!(events <= 4, "{events}");
}

#[test]
fn closing_finishes_what_is_there_and_takes_nothing_more() {
    let engine = engine(small(), |model| model.delay = Duration::from_millis(1));
    let answers: Vec<_> = (0..20)
        .map(|n| engine.submit(endless(vec![97 + n; 5], 10)).unwrap())
        .collect();
    engine.join();
    assert_eq!(
        engine.submit(Request::new(vec![97], 1)).unwrap_err(),
        RequestError::ShuttingDown
    );
    for answer in answers {
        assert_eq!(answer.wait().unwrap().done.usage.answer, 10);
    }
}
