//! What a fit makes of ladders whose curves are known.

use super::*;

fn ladder(synthetic: &Synthetic) -> Ladder {
    collect(synthetic.observations()).unwrap()
}

fn without_noise() -> (Synthetic, LadderFit) {
    let synthetic = Synthetic::example();
    let fits = fit(&ladder(&synthetic), &[], &exact()).unwrap();
    (synthetic, fits)
}

/// The averages over checkpoints and the ideal point that real data needs would bend exact curves.
fn exact() -> Method {
    Method {
        window: 1,
        ideal_point: false,
        ..Method::default()
    }
}

#[test]
fn curves_without_noise_are_found_again() {
    let (synthetic, fits) = without_noise();
    for task in &synthetic.tasks {
        let found = fits
            .tasks
            .iter()
            .find(|fit| fit.points.task == task.name)
            .unwrap();
        let parameters = |step: usize| found.steps[step].parameters.iter().map(|(_, value)| *value);
        for (value, known) in parameters(0).zip(task.law) {
            assert!(
                (value / known - 1.0).abs() < 1e-3,
                "{}: {value} for {known}",
                task.name
            );
        }
        for (value, known) in parameters(1).zip(task.link) {
            assert!(
                (value / known - 1.0).abs() < 1e-3,
                "{}: {value} for {known}",
                task.name
            );
        }
    }
}

#[test]
fn extrapolated_losses_of_exact_ladders_are_right_to_a_thousandth() {
    let (_, fits) = without_noise();
    let far = [Scale::new(7e9, 4e12), Scale::new(7e10, 1.5e13)];
    let predictions = predict(&fits, None, &far).unwrap();
    assert_eq!(predictions.len(), 6);
    for one in predictions {
        let synthetic = Synthetic::example();
        let task = synthetic
            .tasks
            .iter()
            .find(|task| task.name == one.task)
            .unwrap();
        let known = ScalingCurve::Power(task.law).value(&one.scale);
        assert!((one.feature.unwrap() / known - 1.0).abs() < 1e-3, "{one:?}");
        let known = LinkCurve::Sigmoid(task.link).value(known);
        assert!((one.accuracy - known).abs() < 1e-4, "{one:?} {known}");
    }
}

#[test]
fn the_other_forms_find_their_own_curves_again() {
    let mut rows = Synthetic::example().observations();
    for row in &mut rows {
        let compute = 6.0 * row.parameters * row.tokens;
        let loss = (4.0 - 0.08 * compute.ln()).exp() + 0.4;
        row.loss = Some(loss);
        row.features.insert("ce".to_owned(), loss);
        row.accuracy = Some(LinkCurve::LogSigmoid([-0.3, 0.8, 3.0]).value(loss));
    }
    let ladder = collect(rows).unwrap();
    let method = Method {
        form: Form::Compute,
        starts: 20,
        ..Method::cross_entropy("ce")
    };
    let fits = fit(&ladder, &[], &method).unwrap();
    for fit in &fits.tasks {
        let parameters = fit.steps.iter().flat_map(|step| &step.parameters);
        for ((name, value), known) in parameters.zip([4.0, 0.08, 0.4, -0.3, 0.8, 3.0]) {
            assert!(
                (value / known - 1.0).abs() < 1e-3,
                "{name}: {value} for {known}"
            );
        }
    }
}

#[test]
fn a_single_step_predicts_what_two_steps_of_the_same_curves_would() {
    let mut rows = Synthetic::example().observations();
    let law = [7.7, 6.8, 0.36, 0.26, -2.0, -0.7, 0.95];
    for row in &mut rows {
        let scale = Scale::new(row.parameters, row.tokens);
        row.accuracy = Some(Model::SingleStep(law).predict(&scale).accuracy);
        row.loss = None;
    }
    let method = Method {
        form: Form::SingleStep,
        ..Method::default()
    };
    let fits = fit(&collect(rows).unwrap(), &["knowledge".to_owned()], &method).unwrap();
    let target = &predict(&fits, None, &[]).unwrap()[0];
    let known = Model::SingleStep(law).predict(&target.scale).accuracy;
    assert!((target.accuracy - known).abs() < 1e-3, "{target:?} {known}");
    assert_eq!(target.feature, None);
}

#[test]
fn bands_hold_the_truth_about_as_often_as_they_say() {
    let resampling = Resampling {
        samples: 100,
        level: 0.8,
    };
    let mut held = 0;
    for seed in 0..20 {
        let synthetic = Synthetic {
            noise: 0.02,
            seed,
            ..Synthetic::example()
        };
        let fits = fit(
            &ladder(&synthetic),
            &[],
            &Method {
                starts: 2,
                ..Method::default()
            },
        )
        .unwrap();
        let samples = bootstrap(&fits, resampling, &|| ()).unwrap();
        for (fit, samples) in fits.tasks.iter().zip(&samples) {
            let task = synthetic
                .tasks
                .iter()
                .find(|task| task.name == fit.points.task)
                .unwrap();
            let scale = synthetic.targets[0];
            let known = ScalingCurve::Power(task.law).value(&scale);
            let band = samples.bands(&scale).0.unwrap();
            held += usize::from((band.low..=band.high).contains(&known));
        }
    }
    // Of 40 at a level of 0.8, 32 on average.
    assert!((24..=40).contains(&held), "{held} of 40");
}

#[test]
fn a_bootstrap_is_the_same_again_and_reports_every_sample() {
    let synthetic = Synthetic {
        noise: 0.01,
        ..Synthetic::example()
    };
    let fits = fit(&ladder(&synthetic), &[], &Method::default()).unwrap();
    let ticks = std::sync::atomic::AtomicUsize::new(0);
    let tick = || {
        ticks.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    };
    let resampling = Resampling {
        samples: 50,
        level: 0.9,
    };
    let first = bootstrap(&fits, resampling, &tick).unwrap();
    let second = bootstrap(&fits, resampling, &|| ()).unwrap();
    assert_eq!(ticks.into_inner(), 100);
    for (a, b) in first.iter().zip(&second) {
        assert_eq!(a.models, b.models);
        assert_eq!(a.models.len() + a.failed, 50);
    }
}

#[test]
fn what_a_plan_promises_comes_true_when_the_rung_is_trained() {
    let errors = |ratios: &[f64], extra: Option<f64>| {
        let error = |seed: u64| {
            let base = Synthetic {
                noise: 0.01,
                seed,
                ratios: ratios.to_vec(),
                ..Synthetic::example()
            };
            let mut rows = base.observations();
            if let Some(size) = extra {
                let more = Synthetic {
                    sizes: vec![size],
                    targets: Vec::new(),
                    seed: seed + 1000,
                    ..base
                };
                rows.extend(more.observations());
            }
            let fits = fit(&collect(rows).unwrap(), &["knowledge".to_owned()], &exact()).unwrap();
            let said = predict(&fits, None, &[]).unwrap()[0].feature.unwrap();
            (said, plan(&fits, Scale::new(7e9, 4e12), 10.0).unwrap())
        };
        let (said, plans): (Vec<f64>, Vec<Plan>) = (0..40).map(error).unzip();
        (statistics::population_deviation(&said), plans)
    };
    let ratios = [20.0, 40.0, 100.0, 200.0];
    let (before, plans) = errors(&ratios, None);
    let best = plans[0].recommended.clone().unwrap();
    let (after, _) = errors(&ratios, Some(best.parameters));
    let promised = statistics::mean(
        &plans
            .iter()
            .filter_map(|p| p.recommended.as_ref())
            .map(|c| c.narrowing)
            .collect::<Vec<_>>(),
    );
    let found = 100.0 * (1.0 - after / before);
    assert!(
        (found - promised).abs() < 15.0,
        "promised {promised}%, found {found}%"
    );
}

#[test]
fn smaller_ladders_cost_less_and_every_rung_is_left_out_once() {
    let synthetic = Synthetic {
        noise: 0.005,
        ..Synthetic::example()
    };
    let ladder = ladder(&synthetic);
    let fits = fit(&ladder, &[], &Method::default()).unwrap();
    let subsets = compute_against_error(&ladder, &fits);
    assert!(
        subsets
            .windows(2)
            .all(|pair| pair[0].flops <= pair[1].flops)
    );
    let whole = subsets.last().unwrap();
    assert_eq!((whole.rungs, whole.runs_a_rung), (4, 4));
    let expected: f64 = synthetic
        .sizes
        .iter()
        .flat_map(|size| {
            synthetic
                .ratios
                .iter()
                .map(move |ratio| 6.0 * size * size * ratio)
        })
        .sum();
    assert!((whole.flops / expected - 1.0).abs() < 1e-9);
    let without = leave_one_rung_out(&ladder, &fits);
    let rungs: Vec<&str> = without.iter().map(|one| one.rung.as_str()).collect();
    assert_eq!(rungs, ["190M", "370M", "760M", "1.3B"]);
    for one in &without {
        assert_eq!(one.left_out.as_ref().unwrap().tasks, 8, "{one:?}");
        assert_eq!(one.errors.len(), 1);
    }
}

#[test]
fn a_task_that_cannot_be_fitted_is_named_and_the_others_are_fitted() {
    let mut rows = Synthetic::example().observations();
    for row in rows.iter_mut().filter(|row| row.task == "completion") {
        row.accuracy = Some(0.25);
    }
    let ladder = collect(rows).unwrap();
    let fits = fit(&ladder, &[], &Method::default()).unwrap();
    assert_eq!(fits.tasks.len(), 1);
    assert!(
        fits.failures[0]
            .problem
            .contains("the accuracy is the same at every point")
    );
    let error = fit(&ladder, &["completion".to_owned()], &Method::default()).unwrap_err();
    assert!(matches!(error, LadderError::Constant { .. }), "{error}");
}

#[test]
fn ladders_too_small_for_a_curve_are_refused_with_what_is_missing() {
    let of = |sizes: &[f64], ratios: &[f64]| {
        let synthetic = Synthetic {
            sizes: sizes.to_vec(),
            ratios: ratios.to_vec(),
            ..Synthetic::example()
        };
        let error = fit(&ladder(&synthetic), &[], &Method::default()).unwrap_err();
        error.to_string()
    };
    assert!(of(&[1e8, 2e8], &[20.0, 40.0]).contains("4 usable runs cannot determine the 5"));
    assert!(of(&[1e8], &[20.0, 40.0, 60.0, 80.0, 90.0]).contains("the model size is the same"));
    let error = fit(
        &ladder(&Synthetic::example()),
        &["mmlu".to_owned()],
        &Method::default(),
    );
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("it has completion, knowledge")
    );
}

#[test]
fn settings_without_sense_are_refused() {
    let ladder = ladder(&Synthetic::example());
    let try_with = |method: Method| fit(&ladder, &[], &method).is_err();
    assert!(try_with(Method {
        skip: 1.0,
        ..Method::default()
    }));
    assert!(try_with(Method {
        skip: f64::NAN,
        ..Method::default()
    }));
    assert!(try_with(Method {
        last: 0,
        ..Method::default()
    }));
    assert!(try_with(Method {
        starts: 0,
        ..Method::default()
    }));
    let fits = fit(&ladder, &[], &Method::default()).unwrap();
    for samples in [0, 9, 1_000_000] {
        assert!(
            bootstrap(
                &fits,
                Resampling {
                    samples,
                    level: 0.9
                },
                &|| ()
            )
            .is_err()
        );
    }
    assert!(
        bootstrap(
            &fits,
            Resampling {
                samples: 10,
                level: 1.0
            },
            &|| ()
        )
        .is_err()
    );
    assert!(variance(&ladder, &fits, Some("nobody"), 10).is_err());
    assert!(variance(&ladder, &fits, None, 1).is_err());
    assert!(plan(&fits, Scale::new(7e9, 4e12), 0.0).is_err());
}

#[test]
fn a_report_has_every_part_and_no_name_twice() {
    let synthetic = Synthetic {
        noise: 0.01,
        ..Synthetic::example()
    };
    let ladder = ladder(&synthetic);
    let fits = fit(&ladder, &[], &Method::default()).unwrap();
    let samples = bootstrap(
        &fits,
        Resampling {
            samples: 20,
            level: 0.9,
        },
        &|| (),
    )
    .unwrap();
    let predictions = predict(&fits, Some(&samples), &[]).unwrap();
    let variance = variance(&ladder, &fits, None, LAST).unwrap();
    let subsets = compute_against_error(&ladder, &fits);
    let without = leave_one_rung_out(&ladder, &fits);
    let plan = plan(&fits, synthetic.targets[0], 5.0).unwrap();
    let report = Report {
        source: "<here>",
        fits: &fits,
        samples: Some(&samples),
        predictions: &predictions,
        variance: Some(&variance),
        subsets: &subsets,
        without: &without,
        plan: Some(&plan),
    };
    let html = report.html();
    for heading in [
        "Predictions",
        "Fits",
        "Variance",
        "Compute against error",
        "Without one rung",
        "Next rungs",
    ] {
        assert!(html.contains(&format!("<h2>{heading}</h2>")), "{heading}");
    }
    assert!(html.contains("&lt;here&gt;") && !html.contains("NaN"));
    let mut ids: Vec<&str> = html
        .split("id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}
