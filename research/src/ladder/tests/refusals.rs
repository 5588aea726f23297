//! Ladders and settings that cannot be fitted.

use super::*;

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
