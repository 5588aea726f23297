//! What smaller ladders and further rungs are worth.

use super::*;

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
