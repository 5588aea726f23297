//! Curves that made a ladder are found again from it.

use super::*;

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
