//! Requests and models that are broken.

use crate::engine::{
    Request, RequestError, Sampling, Settings,
    testing::{engine, small},
};

#[test]
fn bad_requests_are_refused_by_what_is_wrong_with_them() {
    let engine = engine(small(), |_| ());
    let refused = |request| engine.submit(request).unwrap_err();
    assert_eq!(refused(Request::new(vec![], 5)), RequestError::EmptyPrompt);
    assert_eq!(
        refused(Request::new(vec![300], 5)),
        RequestError::UnknownToken {
            token: 300,
            vocabulary: 300
        }
    );
    // 63 blocks of 4: one is left for a copy.
    assert_eq!(
        refused(Request::new(vec![1; 252], 5)),
        RequestError::ContextLength {
            prompt: 252,
            context: 252
        }
    );
    let mut absurd = Request::new(vec![1], 5);
    absurd.sampling.temperature = f32::NAN;
    assert!(matches!(refused(absurd), RequestError::Sampling(_)));
    assert_eq!(engine.metrics().waiting(), 0);
}

#[test]
fn an_answer_ends_at_the_end_of_the_context() {
    let engine = engine(small(), |_| ());
    let request = Request {
        ignore_end: true,
        ..Request::new(vec![97; 250], usize::MAX)
    };
    assert_eq!(
        engine
            .submit(request)
            .unwrap()
            .wait()
            .unwrap()
            .done
            .usage
            .answer,
        2
    );
}

#[test]
fn a_failing_step_takes_only_its_own_request_down() {
    for breakage in 0..3 {
        let engine = engine(small(), |model| match breakage {
            0 => model.poison = Some(150),
            1 => model.panics = Some(150),
            _ => model.not_a_number = Some(150),
        });
        let good: Vec<_> = (0..5)
            .map(|n| engine.submit(Request::new(vec![97 + n; 6], 12)).unwrap())
            .collect();
        let bad = engine.submit(Request::new(vec![97, 98, 150], 12)).unwrap();
        let error = bad.wait().unwrap_err();
        let expected = ["poisoned", "panicked", "NaN"][breakage];
        let by_type = match &error {
            RequestError::Model(_) => breakage < 2,
            RequestError::NotFinite(_) => breakage == 2,
            _ => false,
        };
        assert!(by_type && error.to_string().contains(expected), "{error:?}");
        for answer in good {
            answer.wait().unwrap();
        }
        engine
            .submit(Request::new(vec![97], 3))
            .unwrap()
            .wait()
            .unwrap();
        assert_eq!(engine.metrics().failed.get(), 1);
        // The gauge is written after the last answer has been given.
        engine.join();
        assert_eq!(engine.metrics().occupancy().used, 0);
    }
}

#[test]
fn settings_that_could_not_work_are_mended() {
    let settings = Settings {
        blocks: 0,
        block_tokens: 0,
        step_tokens: 0,
        sequences: 0,
        channel: 0,
        ..small()
    };
    let engine = engine(settings, |model| model.block_tokens = 1);
    // One block of one token: no prompt leaves room for an answer, and that is an error, not a hang.
    let sampling = Sampling::default();
    let request = Request {
        sampling,
        ..Request::new(vec![1], 1)
    };
    assert!(matches!(
        engine.submit(request),
        Err(RequestError::ContextLength { .. })
    ));
}
