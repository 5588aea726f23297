//! The fast way of judging a change, beside the slow one: the same lists, from fewer tests.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use swemill_harness::warm::{Allowance, Changed, Copy, Outcome};
use swemill_harness::{
    Baseline, BaselineOptions, Comparison, Ending, Reach, Reached, Stage, Status, TestRun, Warm,
    compare, compare_reached,
};
use swemill_sandbox::FileWrite;

use crate::support::Situation;

const FILES: &[&str] = &[
    "shop/__init__.py",
    "shop/late.py",
    "shop/looked_at.py",
    "shop/odd.py",
    "shop/plain.py",
    "shop/prices.py",
    "shop/settings.py",
    "shop/tool.py",
    "shop/warns.py",
];

const GENEROUS: Allowance = Allowance {
    factor: 10.0,
    seconds: 5.0,
};

/// The shop, looked at once.
struct Shop {
    situation: Situation,
    baseline: Baseline,
    reach: Reach,
    files: Vec<String>,
}

impl Shop {
    async fn new() -> Self {
        let situation = Situation::new("shop").writable_packages();
        let mut baseline = situation
            .baseline(&BaselineOptions::default())
            .await
            .unwrap();
        let files: Vec<String> = FILES.iter().map(ToString::to_string).collect();
        let reach = situation.survey(&mut baseline, &files).await.unwrap();
        Self {
            situation,
            baseline,
            reach,
            files,
        }
    }

    /// A text of a file exchanged for another, and the lines that it is on.
    fn change(&self, file: &str, old: &str, new: &str) -> (Changed, RangeInclusive<u32>) {
        let original = std::fs::read_to_string(self.situation.repository().join(file)).unwrap();
        assert_eq!(
            original.matches(old).count(),
            1,
            "{old:?} has to stand once in {file}"
        );
        let before = &original[..original.find(old).unwrap()];
        let line = |text: &str| u32::try_from(text.matches('\n').count()).unwrap();
        let first = line(before) + 1;
        let changed = original.replace(old, new);
        let changed = Changed {
            path: file.to_owned(),
            file: FileWrite {
                path: Path::new("/testbed").join(file),
                bytes: changed.clone().into_bytes(),
                executable: false,
            },
            original: Some(original),
            changed,
        };
        (changed, first..=first + line(old.trim_end()))
    }

    fn reached(&self, file: &str, lines: RangeInclusive<u32>) -> Vec<String> {
        match self.reach.of(file, &[lines], false) {
            Reached::All(reason) => vec![format!("all: {reason}")],
            Reached::Tests(places) => {
                let name = |place: &u32| self.reach.tests[*place as usize].clone();
                places.iter().map(name).collect()
            }
        }
    }

    async fn warm(&self, stage: Stage) -> Warm {
        self.situation
            .warm(&self.baseline, &self.files, stage)
            .await
            .unwrap()
    }

    /// Runs the tests with these ids, or all, in a copy.
    async fn copy(&self, stage: Stage, changed: &Changed, ids: Option<Vec<String>>) -> Outcome {
        let warm = self.warm(stage).await;
        let copy = Copy {
            changes: std::slice::from_ref(changed),
            tests: ids,
            allowance: GENEROUS,
            most_failures: None,
            compare: false,
            reach: None,
            repeat: Vec::new(),
            timeout: Duration::from_mins(1),
        };
        let outcome = warm.run(&self.baseline, &copy).await.unwrap();
        warm.stop().await.unwrap();
        outcome
    }

    async fn slow(&self, changed: &Changed) -> Comparison {
        let run = self
            .situation
            .run_with(std::slice::from_ref(&changed.file))
            .await;
        compare(&self.baseline, &run)
    }
}

fn names(comparison: &BTreeSet<String>) -> Vec<&str> {
    comparison
        .iter()
        .map(|id| id.rsplit("::").next().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_reaches_the_tests_that_could_notice_it() {
    let shop = Shop::new().await;
    let reached = |file: &str, old: &str| {
        let (_, lines) = shop.change(file, old, "pass");
        shop.reached(file, lines)
    };
    let forks = "tests/test_others.py::test_forks";
    let reads = "tests/test_others.py::test_reads_the_source";
    assert_eq!(shop.reach.opaque.len(), 1, "{:?}", shop.reach.opaque);
    assert_eq!(
        shop.baseline.flaky().count(),
        0,
        "{:?}",
        shop.baseline.flaky().collect::<Vec<_>>()
    );
    // What a cache hides from the second test is not hidden from us. A test that reads a file's text depends on all
    // of it, and one that forks on everything.
    assert_eq!(
        reached("shop/prices.py", "return RATE + 1"),
        [
            forks,
            reads,
            "tests/test_prices.py::test_rate_again",
            "tests/test_prices.py::test_rate_first"
        ]
    );
    assert_eq!(
        reached("shop/prices.py", "result += price"),
        [forks, reads, "tests/test_prices.py::test_total"]
    );
    // What another interpreter executes is known as well.
    assert_eq!(
        reached("shop/tool.py", "print(\"tool\", len(sys.argv))"),
        [forks, "tests/test_others.py::test_starts_the_tool"]
    );
    assert!(reached("shop/prices.py", "function.known = True")[0].starts_with("all: "));
    let is_chance = |id: &&String| shop.reach.is_chance(id);
    let chance: Vec<_> = shop.reach.tests.iter().filter(is_chance).collect();
    assert_eq!(
        chance,
        [
            "tests/test_others.py::test_draws",
            "tests/test_others.py::test_draws_of_a_generator_of_its_own",
            "tests/test_others.py::test_draws_of_the_system",
            "tests/test_others.py::test_reads_the_clock",
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_give_the_lists_of_the_slow_way() {
    let shop = Shop::new().await;
    for (file, old, new, broken) in [
        (
            "shop/prices.py",
            "result += price",
            "result -= price",
            &["test_total"][..],
        ),
        (
            "shop/prices.py",
            "return RATE + 1",
            "return RATE",
            &["test_rate_again", "test_rate_first"],
        ),
        (
            "shop/prices.py",
            "return price - 1",
            "# longer\n    return price",
            &["test_discount"],
        ),
        (
            "shop/prices.py",
            "    return 1\n",
            "    return 2\n",
            &["test_reads_the_source"],
        ),
        (
            "shop/tool.py",
            "\"tool\"",
            "\"fool\"",
            &["test_starts_the_tool"],
        ),
        (
            "shop/settings.py",
            "return \"level\"",
            "return \"devil\"",
            &["test_forks"],
        ),
        (
            "shop/plain.py",
            "yield text",
            "yield text + text",
            &["test_texts"],
        ),
        (
            "shop/plain.py",
            "        value = 1\n",
            "        pass\n",
            &["test_local_name"],
        ),
        (
            "shop/plain.py",
            "        value = 2\n",
            "        value = 3\n",
            &[],
        ),
        // Which attributes methods set is noted by the compiler, among what importing executes.
        (
            "shop/plain.py",
            "self.step = 1",
            "self.other = 1",
            &["test_counts"],
        ),
        // A set and a list have this function's code; the test that asks them passes still.
        (
            "shop/plain.py",
            "return number / 2",
            "return number * 2",
            &["test_half"],
        ),
    ] {
        let (changed, lines) = shop.change(file, old, new);
        let slow = shop.slow(&changed).await;
        assert_eq!(names(&slow.fail_to_pass), broken, "{old:?}");
        let reached = shop.reached(file, lines);
        let ids: BTreeSet<String> = reached.iter().cloned().collect();
        let Outcome::Ran { run, .. } = shop.copy(Stage::Collected, &changed, Some(reached)).await
        else {
            panic!("{old:?} is unfit");
        };
        let fast = compare_reached(&shop.baseline, &run, &|id| ids.contains(id));
        assert_eq!(fast, slow, "{old:?}");
        let Outcome::Ran { run, .. } = shop.copy(Stage::Configured, &changed, None).await else {
            panic!("{old:?} is unfit");
        };
        assert_eq!(compare(&shop.baseline, &run), slow, "{old:?}, all tests");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_are_given_other_defaults() {
    let shop = Shop::new().await;
    let [forks, looks, scaled] = ["forks", "looks_at_defaults", "scaled"]
        .map(|name| format!("tests/test_others.py::test_{name}"));
    let (_, body) = shop.change("shop/plain.py", "return number * by + more", "pass");
    let Reached::Tests(places) = shop.reach.of("shop/plain.py", &[body], true) else {
        panic!("importing looks at no default there");
    };
    let reached: BTreeSet<_> = places
        .iter()
        .map(|place| shop.reach.tests[*place as usize].clone())
        .collect();
    assert_eq!(reached, BTreeSet::from([forks, looks, scaled]));
    for (old, new) in [("by=2, *", "by=-2, *"), ("more=1", "more=\"1\"")] {
        let (changed, _) = shop.change("shop/plain.py", old, new);
        let slow = shop.slow(&changed).await;
        assert_eq!(
            names(&slow.fail_to_pass),
            ["test_looks_at_defaults", "test_scaled"]
        );
        let ids = reached.iter().cloned().collect();
        let Outcome::Ran { run, .. } = shop.copy(Stage::Collected, &changed, Some(ids)).await
        else {
            panic!("{old:?} is unfit");
        };
        let fast = compare_reached(&shop.baseline, &run, &|id| reached.contains(id));
        assert_eq!(fast, slow, "{old:?}");
    }
    let (_, body) = shop.change("shop/looked_at.py", "return number * by", "pass");
    assert!(matches!(
        shop.reach.of("shop/looked_at.py", &[body], true),
        Reached::All(_)
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_exchanged_exactly_is_refused() {
    let shop = Shop::new().await;
    for (file, old, new) in [
        ("shop/prices.py", "RATE = 2", "RATE = 3"),
        ("shop/plain.py", "by=2, *", "by=[], *"),
        (
            "shop/prices.py",
            "def total(prices):",
            "def total(prices, more=1):",
        ),
        ("shop/settings.py", "def describe():", "def tell():"),
        // The function that runs has another's code, of which nothing is known.
        ("shop/odd.py", "return number * 2", "return number * 3"),
        ("shop/plain.py", "yield text", "return [text]"),
        // A dictionary has the old code.
        ("shop/plain.py", "return number / 3", "return number / 4"),
    ] {
        let (changed, _) = shop.change(file, old, new);
        let outcome = shop.copy(Stage::Collected, &changed, None).await;
        assert!(matches!(outcome, Outcome::Unfit(_)), "{old:?}: {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_failing_test_leaves_behind_is_told() {
    let shop = Shop::new().await;
    // `test_level` fails before it resets the level, and so another test fails that executes nothing of the change.
    let (changed, lines) = shop.change("shop/settings.py", "return LEVEL[0]", "return LEVEL");
    let slow = shop.slow(&changed).await;
    assert_eq!(
        names(&slow.fail_to_pass),
        ["test_level", "test_level_is_low"]
    );
    let reached = shop.reached("shop/settings.py", lines);
    assert!(!reached.iter().any(|id| id.ends_with("test_level_is_low")));
    let Outcome::Ran { left, .. } = shop.copy(Stage::Collected, &changed, Some(reached)).await
    else {
        panic!("it can be exchanged");
    };
    let new: Vec<_> = left
        .unwrap()
        .into_iter()
        .filter(|name| !shop.reach.leaves(name))
        .collect();
    assert_eq!(new, ["shop.settings:LEVEL"]);
    let known = ["test_others:SEEN", "tests.test_others:SEEN"];
    assert!(known.iter().any(|name| shop.reach.leaves(name)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_that_runs_away_is_ended_after_a_multiple_of_its_own_time() {
    let shop = Shop::new().await;
    let (changed, _) = shop.change("shop/prices.py", "result += price", "while True: pass");
    let ids = vec!["tests/test_prices.py::test_total".to_owned()];
    let warm = shop.warm(Stage::Collected).await;
    let copy = Copy {
        changes: &[changed],
        tests: Some(ids),
        allowance: Allowance {
            factor: 1.0,
            seconds: 0.5,
        },
        most_failures: None,
        compare: false,
        reach: None,
        repeat: Vec::new(),
        timeout: Duration::from_mins(1),
    };
    let run = ran(&warm, &shop.baseline, &copy).await;
    assert!(
        matches!(&run.ending, Ending::TimedOut { during: Some(test) } if test.ends_with("test_total")),
        "{}",
        run.ending
    );
    assert!(run.cpu < Duration::from_secs(5), "{:?}", run.cpu);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_that_reads_the_clock_is_repeated() {
    let shop = Shop::new().await;
    let [clock, moment] =
        ["reads_the_clock", "moment"].map(|name| format!("tests/test_others.py::test_{name}"));
    for (new, wavering) in [
        ("number % 2 == 0", BTreeSet::from([clock.clone()])),
        ("number < 0", BTreeSet::new()),
        // It fails in nine tenths of every second, and repeats in a row would all see the same.
        ("99 < number < 100_000", BTreeSet::from([clock.clone()])),
    ] {
        let (changed, _) = shop.change("shop/plain.py", "0 <= number", new);
        for (stage, tests) in [
            (Stage::Collected, Some(vec![clock.clone(), moment.clone()])),
            (Stage::Configured, None),
        ] {
            let warm = shop.warm(stage).await;
            let copy = Copy {
                changes: std::slice::from_ref(&changed),
                tests,
                allowance: GENEROUS,
                most_failures: None,
                compare: false,
                reach: Some(&shop.reach),
                repeat: vec![clock.clone()],
                timeout: Duration::from_mins(1),
            };
            let mut run = ran(&warm, &shop.baseline, &copy).await;
            // On a busy machine there may be no time for all repeats; validation runs them once more then, too.
            for _ in 0..3 {
                if run
                    .repeated
                    .as_ref()
                    .is_some_and(|repeated| !repeated.enough)
                {
                    run = ran(&warm, &shop.baseline, &copy).await;
                }
            }
            warm.stop().await.unwrap();
            assert_eq!(run.status(&moment), Status::Failed);
            let passed = run.status(&clock) == Status::Passed;
            if stage == Stage::Configured && passed {
                assert_eq!(run.repeated, None, "of all tests, those that fail");
                continue;
            }
            let repeated = run.repeated.unwrap();
            assert!(repeated.enough, "{new} {stage:?}");
            // One that passes is repeated in a row only, and may do so every time.
            if !passed || wavering.is_empty() {
                assert_eq!(repeated.wavering, wavering, "{new} {stage:?}");
            }
        }
    }
}

/// What a copy did that can be made.
async fn ran(warm: &Warm, baseline: &Baseline, copy: &Copy<'_>) -> TestRun {
    match warm.run(baseline, copy).await.unwrap() {
        Outcome::Ran { run, .. } => *run,
        Outcome::Unfit(reason) => panic!("no copy can be made: {reason}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_that_another_ones_garbage_hits_is_named() {
    let run = Situation::new("garbage").run().await;
    assert!(run.late_garbage > 0);
    assert_eq!(run.hit_by_chance(), Some("test_garbage.py::test_is_hit"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_ends_when_more_tests_failed_than_are_asked_for() {
    let shop = Shop::new().await;
    let (changed, _) = shop.change("shop/prices.py", "return RATE + 1", "return None");
    let copy = Copy {
        changes: &[changed],
        tests: None,
        allowance: GENEROUS,
        most_failures: Some(1),
        compare: false,
        reach: None,
        repeat: Vec::new(),
        timeout: Duration::from_mins(1),
    };
    let warm = shop.warm(Stage::Configured).await;
    let run = ran(&warm, &shop.baseline, &copy).await;
    assert_eq!(run.ending, Ending::Enough { failed: 2 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_given_the_code_of_files_that_are_as_they_were() {
    let situation = Situation::new("compiled");
    let options = BaselineOptions {
        least_passing: 1,
        ..BaselineOptions::default()
    };
    let baseline = situation.baseline(&options).await.unwrap();
    let [test_file, plain] = ["a_test_file", "a_plain_module"]
        .map(|what| format!("test_compiled.py::test_{what}_is_compiled_here"));
    let passing: Vec<_> = baseline.passing().collect();
    assert_eq!(passing, [&plain, &test_file], "in a process of its own");
    let files = ["plain.py".to_owned()];
    let warm = situation
        .warm(&baseline, &files, Stage::Configured)
        .await
        .unwrap();
    for (text, test_of_plain) in [
        ("VALUE = 1\n", Status::Failed),
        ("VALUE = 2\n", Status::Passed),
    ] {
        let changed = Changed {
            path: "plain.py".into(),
            file: FileWrite {
                path: Path::new("/testbed/plain.py").into(),
                bytes: text.into(),
                executable: false,
            },
            original: None,
            changed: text.into(),
        };
        let copy = Copy {
            changes: &[changed],
            tests: None,
            allowance: GENEROUS,
            most_failures: None,
            compare: false,
            reach: None,
            repeat: Vec::new(),
            timeout: Duration::from_mins(1),
        };
        let run = ran(&warm, &baseline, &copy).await;
        assert_eq!(run.status(&plain), test_of_plain, "{text:?}");
        assert_eq!(run.status(&test_file), Status::Failed, "{text:?}");
    }
    warm.stop().await.unwrap();
}
