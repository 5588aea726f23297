//! Bootstrap bands.

use super::*;

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
