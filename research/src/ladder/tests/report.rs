//! The report.

use super::*;

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
