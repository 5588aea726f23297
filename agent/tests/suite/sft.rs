//! Which attempts are learned from: every filter, and the rows.

use swemill_agent::export::swe_smith::Style;
use swemill_agent::lm::Policy;
use swemill_agent::sft::names::Listed;
use swemill_agent::sft::{Kept, Options, Origin, Overlap, Reason, Selection, Split, Summary};
use swemill_agent::{Dialect, Trajectory};

use crate::exports::recorded;

pub(crate) const REPOSITORY: &str = "pypi/shop";

/// Everything is kept.
pub(crate) fn lenient() -> Options {
    Options {
        style: None,
        per_instance: 10,
        tokenizer: None,
        most_tokens: None,
        listed: Listed::default(),
        benchmarks: Overlap::new(13),
        validation: 0.0,
        seed: 0,
    }
}

/// A model's attempt that the hidden tests pass.
pub(crate) async fn resolved() -> Trajectory {
    Trajectory {
        policy: Policy::Model,
        model: "m".to_owned(),
        resolved: Some(true),
        ..recorded(Dialect::SweAgentFunctionCalling).await
    }
}

fn with_patch(trajectory: &Trajectory, line: &str) -> Trajectory {
    let mut changed = trajectory.clone();
    changed.patch.text = format!("--- a/a\n+++ b/a\n@@ -1 +1 @@\n-a\n+{line}\n");
    changed
}

fn select(options: Options, attempts: &[Trajectory]) -> (Vec<Kept>, Summary) {
    let mut selection = Selection::new(options);
    let mut all = Vec::new();
    for (number, trajectory) in attempts.iter().enumerate() {
        let origin = Origin {
            repository: REPOSITORY,
            attempt: &format!("1-{number}"),
        };
        all.extend(selection.consider(trajectory, origin).unwrap());
    }
    let summary = selection.finish();
    assert_eq!(summary.considered(), attempts.len() as u64);
    (all, summary)
}

fn dropped(options: Options, attempts: &[Trajectory]) -> Vec<(Reason, u64)> {
    let (_, summary) = select(options, attempts);
    summary.dropped.into_iter().collect()
}

#[tokio::test]
async fn only_attempts_that_the_hidden_tests_pass_are_learned_from() {
    let good = resolved().await;
    let of = |resolved| Trajectory {
        resolved,
        ..good.clone()
    };
    let attempts = [of(Some(false)), of(None), of(Some(true))];
    let (kept, summary) = select(lenient(), &attempts);
    let names: Vec<&str> = kept.iter().map(|kept| kept.row.traj_id.as_str()).collect();
    assert_eq!(names, ["shop.add__1.1-2"]);
    let dropped: Vec<_> = summary.dropped.into_iter().collect();
    assert_eq!(dropped, [(Reason::Ungraded, 1), (Reason::Unresolved, 1)]);
}

#[tokio::test]
async fn attempts_that_make_the_same_changes_are_one() {
    let good = resolved().await;
    let other = Trajectory {
        patch: with_patch(&good, "b").patch,
        ..good.clone()
    };
    let mut elsewhere = good.clone();
    elsewhere.task.instance_id = "shop.add__2".to_owned();
    let attempts = [good.clone(), good, other, elsewhere];
    assert_eq!(
        dropped(lenient(), &attempts),
        [(Reason::EqualPatch, 1)],
        "another instance's patch is another"
    );
}

#[tokio::test]
async fn the_first_attempts_at_an_instance_are_kept_up_to_the_limit() {
    let good = resolved().await;
    let attempts: Vec<_> = ["a", "b", "b", "c", "d"]
        .map(|line| with_patch(&good, line))
        .into();
    let options = Options {
        per_instance: 2,
        ..lenient()
    };
    let (kept, summary) = select(options, &attempts);
    let names: Vec<&str> = kept.iter().map(|kept| kept.row.traj_id.as_str()).collect();
    assert_eq!(names, ["shop.add__1.1-0", "shop.add__1.1-1"]);
    let dropped: Vec<_> = summary.dropped.into_iter().collect();
    assert_eq!(dropped, [(Reason::EqualPatch, 1), (Reason::AboveLimit, 2)]);
}

#[tokio::test]
async fn an_attempt_of_just_as_many_tokens_as_allowed_is_kept_and_one_more_is_too_long() {
    let good = resolved().await;
    let words = || -> Option<swemill_agent::sft::CountTokens> {
        Some(Box::new(|text: &str| Ok(text.split_whitespace().count())))
    };
    let options = |most_tokens| Options {
        tokenizer: words(),
        most_tokens,
        ..lenient()
    };
    let (kept, summary) = select(options(None), std::slice::from_ref(&good));
    let row = &kept[0].row;
    let tokens = row.tokens.unwrap();
    let contents = row.messages.iter().map(|message| &message.content);
    let in_contents: usize = contents.map(|text| text.split_whitespace().count()).sum();
    let schemas = row.tools.split_whitespace().count();
    assert!(
        tokens > i64::try_from(in_contents + schemas).unwrap(),
        "calls count, too"
    );
    assert_eq!(summary.of(Split::Train).tokens, tokens);
    let most = usize::try_from(tokens).unwrap();
    let attempts = std::slice::from_ref(&good);
    assert_eq!(dropped(options(Some(most)), attempts), []);
    assert_eq!(
        dropped(options(Some(most - 1)), attempts),
        [(Reason::TooLong, 1)]
    );
}

#[tokio::test]
async fn a_tokenizer_that_fails_stops_the_export_and_names_the_attempt() {
    let good = resolved().await;
    let mut selection = Selection::new(Options {
        tokenizer: Some(Box::new(|_| Err("no vocabulary".to_owned()))),
        ..lenient()
    });
    let origin = Origin {
        repository: REPOSITORY,
        attempt: "1-1",
    };
    let error = selection.consider(&good, origin).unwrap_err().to_string();
    assert!(
        error.contains("shop.add__1.1-1") && error.contains("no vocabulary"),
        "{error}"
    );
}

#[tokio::test]
async fn repositories_of_the_list_are_kept_out_whoever_owns_them() {
    let options = Options {
        listed: Listed::parse("corner/Shop\n"),
        ..lenient()
    };
    assert_eq!(
        dropped(options, &[resolved().await]),
        [(Reason::ListedRepository, 1)]
    );
}

#[tokio::test]
async fn a_statement_a_patch_or_an_answer_of_a_benchmark_keeps_an_attempt_out() {
    let good = resolved().await;
    let text = "one two three four five six seven eight nine ten eleven twelve thirteen";
    let options = || {
        let mut benchmarks = Overlap::new(13);
        benchmarks.add(&format!("zero {text} fourteen"));
        Options {
            benchmarks,
            ..lenient()
        }
    };
    let mut asked = good.clone();
    asked.task.problem_statement = text.to_uppercase();
    let patched = with_patch(&good, text);
    let mut said = good.clone();
    said.steps[0].thought = text.to_owned();
    let mut printed = good.clone();
    printed.steps[0].messages[1].content = text.to_owned();
    for attempt in [asked, patched, said] {
        assert_eq!(
            dropped(options(), &[attempt]),
            [(Reason::BenchmarkOverlap, 1)]
        );
    }
    assert_eq!(dropped(options(), &[good, with_patch(&printed, "b")]), []);
}

#[tokio::test]
async fn an_attempt_without_an_understood_answer_teaches_nothing() {
    let mut attempt = resolved().await;
    let malformed = attempt.steps[1].malformed.clone();
    assert!(malformed.is_some());
    for step in &mut attempt.steps {
        step.malformed.clone_from(&malformed);
    }
    assert_eq!(
        dropped(lenient(), &[attempt]),
        [(Reason::NothingToLearn, 1)]
    );
}

#[tokio::test]
async fn a_repository_is_held_out_whole() {
    let good = resolved().await;
    let attempts: Vec<_> = ["a", "b", "c"].map(|line| with_patch(&good, line)).into();
    for seed in 0..20 {
        let options = Options {
            validation: 0.5,
            seed,
            ..lenient()
        };
        let (kept, summary) = select(options, &attempts);
        assert!(kept.iter().all(|one| one.split == kept[0].split));
        assert_eq!(summary.of(kept[0].split).attempts, 3);
    }
}

#[tokio::test]
async fn rows_say_who_decided_and_what_to_learn_in_the_style_that_was_asked_for() {
    let mut expert = resolved().await;
    expert.policy = Policy::Expert;
    for (style, named, has_tools) in [
        (None, "tool", true),
        (Some(Style::Xml), "xml", false),
        (Some(Style::Ticks), "ticks", false),
    ] {
        let options = Options { style, ..lenient() };
        let (kept, summary) = select(options, std::slice::from_ref(&expert));
        let row = &kept[0].row;
        assert_eq!(
            (row.model.as_str(), row.policy.as_str()),
            ("policy=expert", "expert")
        );
        assert_eq!(summary.of(Split::Train).policies["expert"], 1);
        assert_eq!(row.style, named);
        assert_eq!(row.tools.contains("str_replace_editor"), has_tools);
        for span in &row.loss_spans {
            let message = &row.messages[span.message];
            assert_eq!(message.role, "assistant");
            assert_eq!(span.end, message.content.chars().count());
            assert_eq!(span.tool_calls, message.tool_calls.is_some());
        }
    }
}
