//! The published ladder of 2412.04403: parameters, predictions and errors as an independent fit has them.
//!
//! The points are not in this repository. `SWEMILL_LADDER_DATA` names a folder with the checkpoints
//! (`points_all_checkpoints.csv`) and the expected results (`expected_results.csv`); docs/research/ladders.md says where
//! they are from. Without it these tests say so and pass.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on fails, and one that is skipped says so"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use swemill_research::ladder::{
    Form, LAST, Ladder, LadderFit, Method, Prediction, Resampling, Stability, Subset, TaskFit,
    bootstrap, compute_against_error, fit, predict, read, variance,
};

const TASKS: [&str; 8] = [
    "mmlu",
    "hellaswag",
    "arc_challenge",
    "arc_easy",
    "piqa",
    "csqa",
    "socialiqa",
    "openbookqa",
];

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("SWEMILL_LADDER_DATA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: SWEMILL_LADDER_DATA names no folder with the published points");
    }
    folder
}

fn ladder() -> Option<Ladder> {
    Some(read(&folder()?).expect("the published points can be read"))
}

fn fit_all(ladder: &Ladder, method: &Method) -> LadderFit {
    fit(ladder, &TASKS.map(str::to_owned), method).expect("every task can be fitted")
}

/// The rows of the expected results as maps from column to number, keyed by task and target.
fn expected() -> Option<BTreeMap<(String, String), BTreeMap<String, f64>>> {
    let text = std::fs::read_to_string(folder()?.join("expected_results.csv")).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let row = |cells: Vec<&str>| {
        let numbers = header.iter().zip(&cells).skip(2);
        let numbers = numbers.map(|(name, cell)| ((*name).to_owned(), cell.parse().unwrap()));
        (
            (cells[0].to_owned(), cells[1].to_owned()),
            numbers.collect(),
        )
    };
    Some(lines.map(row).collect())
}

/// The name that the expected results give to a target.
fn target_name(fit: &TaskFit, index: usize) -> String {
    fit.points.targets[index].rung.clone()
}

#[test]
fn parameters_and_predictions_are_the_published_ones() {
    let (Some(ladder), Some(expected)) = (ladder(), expected()) else {
        return;
    };
    let fits = fit_all(&ladder, &Method::default());
    for fit in &fits.tasks {
        let task = &fit.points.task;
        for index in 0..fit.points.targets.len() {
            let target = &fit.points.targets[index];
            let row = &expected[&(task.clone(), target_name(fit, index))];
            let columns = ["a_logA", "b_logB", "alpha", "beta", "E"];
            let columns = columns.iter().chain(&["sig_a", "sig_L0", "sig_k", "sig_b"]);
            let parameters = fit.steps.iter().flat_map(|step| &step.parameters);
            for (column, (_, value)) in columns.zip(parameters) {
                let error = (value - row[*column]).abs() / row[*column].abs().max(0.1);
                assert!(
                    error < 1e-3,
                    "{task} {column}: {value} against {}",
                    row[*column]
                );
            }
            let predicted = fit.model.predict(&target.scale);
            let feature = predicted.feature.unwrap();
            assert!(
                (feature - row["bpb_pred"]).abs() < 1e-4,
                "{task}: {feature}"
            );
            let points = 100.0 * (predicted.accuracy - row["acc_pred"]).abs();
            assert!(
                points < 0.05,
                "{task}: {} is {points} points off",
                predicted.accuracy
            );
            assert!(
                (target.accuracy.unwrap() - row["acc_actual"]).abs() < 1e-6,
                "{task}"
            );
            assert!(
                (target.feature.unwrap() - row["bpb_actual"]).abs() < 1e-6,
                "{task}"
            );
            let second = fit.model.accuracy_at(target.feature.unwrap()).unwrap();
            assert!(
                (second - row["step2only_pred"]).abs() < 5e-4,
                "{task}: {second}"
            );
            let objective = fit.steps[0].objective / row["huber_sum"];
            assert!((objective - 1.0).abs() < 1e-5, "{task}: {objective}");
            for step in &fit.steps {
                let Stability {
                    starts,
                    agreeing,
                    spread,
                    ..
                } = step.stability;
                assert!(
                    agreeing == starts && spread < 1e-5,
                    "{task}: {:?}",
                    step.stability
                );
            }
        }
    }
}

/// Mean over the tasks of |predicted − actual|, in points and as a share of the actual accuracy.
fn average_errors(fits: &LadderFit, rung: &str) -> (f64, f64) {
    let mut points = 0.0;
    let mut relative = 0.0;
    for fit in &fits.tasks {
        let target = fit.points.targets.iter().find(|target| target.rung == rung);
        let target = target.expect("the target is in the data");
        let actual = target.accuracy.unwrap();
        let error = (fit.model.predict(&target.scale).accuracy - actual).abs();
        points += 100.0 * error / 8.0;
        relative += 100.0 * error / actual / 8.0;
    }
    (points, relative)
}

#[test]
fn average_errors_are_the_published_ones() {
    let Some(ladder) = ladder() else { return };
    let fits = fit_all(&ladder, &Method::default());
    let (points, relative) = average_errors(&fits, "7B-4T");
    assert!(
        (points - 3.82).abs() < 0.005 && (relative - 5.85).abs() < 0.005,
        "{points} {relative}"
    );
    let (points, relative) = average_errors(&fits, "13B-5T");
    assert!(
        (points - 4.17).abs() < 0.005 && (relative - 6.035).abs() < 0.001,
        "{points} {relative}"
    );
}

#[test]
fn single_step_errors_are_the_published_ones() {
    let Some(ladder) = ladder() else { return };
    let method = Method {
        form: Form::SingleStep,
        starts: 1,
        ..Method::default()
    };
    let fits = fit_all(&ladder, &method);
    // Of the paper's table, but for CSQA (6.6 there): an independent fit with the authors' settings gives 3.0.
    let published = [7.1, 0.8, 22.6, 7.9, 0.6, 3.0, 6.8, 4.7];
    for (fit, published) in fits.tasks.iter().zip(published) {
        let target = fit
            .points
            .targets
            .iter()
            .find(|target| target.rung == "13B-5T");
        let target = target.expect("the target is in the data");
        let actual = target.accuracy.unwrap();
        let error = 100.0 * (fit.model.predict(&target.scale).accuracy - actual).abs() / actual;
        assert!(
            (error - published).abs() <= 0.1,
            "{}: {error}",
            fit.points.task
        );
    }
}

/// The error for the 7B target in points, by C4 loss and from one start, with `a` starting at `chance - 1`.
fn c4_error(ladder: &Ladder, task: &str, chance: Option<f64>) -> f64 {
    let method = Method {
        feature: Some("c4_ce".to_owned()),
        starts: 1,
        chance: chance
            .map(|chance| (task.to_owned(), chance))
            .into_iter()
            .collect(),
        ..Method::default()
    };
    let fits = fit(ladder, &[task.to_owned()], &method).unwrap();
    let targets = &fits.tasks[0].points.targets;
    let target = targets
        .iter()
        .find(|target| target.rung == "7B-4T")
        .unwrap();
    100.0 * (fits.tasks[0].model.predict(&target.scale).accuracy - target.accuracy.unwrap()).abs()
}

#[test]
fn the_loss_on_c4_predicts_from_the_published_start_and_from_the_one_that_leads_others_astray() {
    let Some(ladder) = ladder() else { return };
    // The authors' script starts a at -1 by an oversight and ends 27.2 and 13.8 points off.
    for (task, astray) in [("arc_easy", 27.2), ("piqa", 13.8)] {
        let right = c4_error(&ladder, task, None);
        assert!(right < astray / 10.0, "{task}: {right}");
        let other = c4_error(&ladder, task, Some(0.0));
        assert!((right - other).abs() < 1e-4, "{task}: {right} and {other}");
    }
}

#[test]
fn loss_by_compute_predicts_about_as_well_as_loss_by_size_and_tokens() {
    let Some(ladder) = ladder() else { return };
    let method = Method {
        form: Form::Compute,
        ..Method::default()
    };
    // 3.00 points by 6ND; the authors use their own table of operations, which the data does not carry.
    let (points, _) = average_errors(&fit_all(&ladder, &method), "7B-4T");
    assert!(points < 4.0, "{points}");
}

#[test]
fn deviations_and_their_correlation_with_errors_are_the_published_ones() {
    let Some(ladder) = ladder() else { return };
    let fits = fit(&ladder, &[], &Method::default()).unwrap();
    let variance = variance(&ladder, &fits, None, LAST).unwrap();
    assert_eq!(variance.run, "1B-10xC");
    let published = [
        ("hellaswag", 0.0007),
        ("piqa", 0.0019),
        ("socialiqa", 0.0024),
        ("mmlu", 0.0026),
        ("arc_challenge", 0.0037),
        ("arc_easy", 0.0045),
        ("openbookqa", 0.0047),
        ("csqa", 0.0056),
        ("boolq", 0.0068),
        ("winogrande", 0.0115),
    ];
    assert_eq!(variance.tasks.len(), published.len());
    for (task, (name, deviation)) in variance.tasks.iter().zip(published) {
        assert_eq!(task.task, name);
        let error = (task.feature_deviation - deviation).abs();
        assert!(error < 6e-5, "{name}: {}", task.feature_deviation);
    }
    let large = variance
        .correlations
        .iter()
        .find(|one| one.target.contains('7'));
    let large = large.expect("the 7B target has outcomes");
    assert!(
        (large.r - 0.821).abs() < 5e-4 && (large.p - 0.0036).abs() < 5e-5,
        "{large:?}"
    );
}

#[test]
fn the_largest_rung_decides_the_error_of_mmlu() {
    let Some(ladder) = ladder() else { return };
    let fits = fit(&ladder, &["mmlu".to_owned()], &Method::default()).unwrap();
    let subsets = compute_against_error(&ladder, &fits);
    let relative = |subset: &Subset| {
        let large = subset
            .errors
            .iter()
            .find(|error| error.target.contains('7'));
        large.expect("the 7B target has outcomes").relative
    };
    let whole = subsets.last().expect("the whole ladder can be fitted");
    assert!((whole.shares[0].1 - 3.2).abs() < 0.05 && (whole.flops / 5.2e21 - 1.0).abs() < 0.01);
    assert!((relative(whole) - 1.3).abs() < 0.05, "{}", relative(whole));
    // Without the largest rung, the error is ninefold, however long the others train.
    let smaller = subsets
        .iter()
        .find(|subset| subset.rungs == 3 && subset.runs_a_rung == 4);
    let smaller = smaller.expect("three rungs can be fitted");
    assert!(
        (relative(smaller) - 11.7).abs() < 0.1,
        "{}",
        relative(smaller)
    );
}

#[test]
fn bootstrap_bands_of_all_tasks_take_seconds() {
    let Some(ladder) = ladder() else { return };
    let fits = fit_all(&ladder, &Method::default());
    let start = std::time::Instant::now();
    let resampling = Resampling {
        samples: 1000,
        level: 0.9,
    };
    let samples = bootstrap(&fits, resampling, &|| ()).unwrap();
    let taken = start.elapsed();
    eprintln!("1,000 samples of 8 tasks took {taken:?}");
    // Far from what it takes, so that a busy machine does not fail it; twenty seconds are the promise.
    assert!(taken.as_secs() < 20, "{taken:?}");
    assert!(samples.iter().all(|task| task.failed == 0));
    let predictions = predict(&fits, Some(&samples), &[]).unwrap();
    let outside = |one: &&Prediction| {
        let band = one.accuracy_band.unwrap();
        !(band.low..=band.high).contains(&one.outcome.unwrap().accuracy)
    };
    for one in predictions.iter().filter(outside) {
        eprintln!("outside its band: {} {}", one.task, one.target);
    }
}
