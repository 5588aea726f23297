//! What counts cost: `cargo test -p swemill-research --test envelope -- --ignored --nocapture speed`.

use std::time::{Duration, Instant};

use swemill_research::envelope::count::{Effort, count, float_counts};
use swemill_research::envelope::parameters::Multiplier;
use swemill_research::envelope::slice::{SliceRequest, slice};

use crate::tables::parameters;

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    std::hint::black_box(work());
    start.elapsed()
}

#[test]
#[ignore = "a measurement, not a check of results; run it on a quiet machine"]
fn speed_of_counts_and_slices() {
    let (mut slowest_float, mut slowest_exact) = (Duration::ZERO, Duration::ZERO);
    for p in -8..=8 {
        for q in 1..=8 {
            let m = Multiplier::new(p, q).unwrap();
            if m.p() == 0 || m.difference() == 0 {
                continue;
            }
            let parameters = parameters((p, q), "0.31", "-0.17", "0.45");
            let family = parameters.family();
            slowest_float = slowest_float.max(timed(|| float_counts(&family)));
            slowest_exact = slowest_exact.max(timed(|| count(&parameters, Effort::Exact)));
        }
    }
    println!("|p|, |q| <= 8: floats at most {slowest_float:?}, exact at most {slowest_exact:?}");
    for m in [
        (20, 19),
        (-20, 19),
        (50, 49),
        (-50, 49),
        (100, 99),
        (-100, 99),
    ] {
        let family = parameters(m, "0.31", "-0.17", "0.45").family();
        println!(
            "m = {}/{}: floats {:?}",
            m.0,
            m.1,
            timed(|| float_counts(&family))
        );
    }
    for m in [(3, 2), (-8, 7)] {
        let request = SliceRequest {
            multiplier: Multiplier::new(m.0, m.1).unwrap(),
            r: 0.5,
            a: [-2.0, 2.0],
            b: [-2.0, 2.0],
            size: [500, 500],
        };
        println!(
            "slice of m = {}/{}: {:?}",
            m.0,
            m.1,
            timed(|| slice(request, &|| ()))
        );
    }
    assert!(slowest_float < Duration::from_millis(20) && slowest_exact < Duration::from_secs(1));
}
