//! Swallowtails and butterflies: where they are, what they are, what unfolds them.

use swemill_research::envelope::family::Family;
use swemill_research::envelope::parameters::Multiplier;
use swemill_research::envelope::singularity::{
    Order, Parameter, Standing, Unfolding, butterfly_lines, classify, rational_lines,
    swallowtail_surface,
};

use crate::tables::parameters;

const MULTIPLIERS: [(i64, i64); 9] = [
    (3, 1),
    (4, 1),
    (3, 2),
    (5, 2),
    (4, 3),
    (5, 3),
    (-2, 1),
    (-3, 2),
    (-5, 4),
];

#[test]
fn every_butterfly_line_holds_butterflies_that_the_centre_alone_unfolds() {
    for (p, q) in MULTIPLIERS {
        let multiplier = Multiplier::new(p, q).unwrap();
        let lines = butterfly_lines(multiplier);
        assert_eq!(lines.len(), usize::try_from(2 * (p - q).abs()).unwrap());
        for line in lines {
            let r = 0.37;
            let [a, b] = line.centre(r);
            let local = Unfolding::new(&Family::new(multiplier, a, b, r), line.u);
            let [value, slope] = local.cusp_function();
            assert!(
                value.abs() < 1e-9 && slope.abs() < 1e-8,
                "{p}/{q}: {value} {slope}"
            );
            assert_eq!(local.unfolded_by(4)[0], vec![Parameter::A, Parameter::B]);
            assert!(!local.is_versal(4, &[Parameter::R]));
        }
    }
}

#[test]
fn every_line_of_the_swallowtail_surface_holds_swallowtails() {
    for (p, q) in MULTIPLIERS.into_iter().chain([(2, 1), (1, 2), (-1, 1)]) {
        let multiplier = Multiplier::new(p, q).unwrap();
        let strips = swallowtail_surface(multiplier, 60);
        assert!(!strips.is_empty());
        for walk in strips.iter().flatten() {
            for r in [0.3, 1.7] {
                let [a, b] = walk.centre(r);
                let size = 1.0 + a.hypot(b).powi(2);
                let local = Unfolding::new(&Family::new(multiplier, a, b, r), walk.u);
                let [value, slope] = local.cusp_function();
                assert!(
                    value.abs() < 1e-8 * size,
                    "{p}/{q}: E = {value} at {walk:?}"
                );
                assert!(
                    slope.abs() < 1e-7 * size,
                    "{p}/{q}: E' = {slope} at {walk:?}"
                );
            }
        }
    }
}

#[test]
fn the_rational_lines_hold_swallowtails_on_the_circles() {
    for (p, q) in MULTIPLIERS {
        let multiplier = Multiplier::new(p, q).unwrap();
        for line in rational_lines(multiplier) {
            let [a, b] = line.centre(0.37);
            let family = Family::new(multiplier, a, b, 0.37);
            let local = Unfolding::new(&family, line.u);
            let [value, slope] = local.cusp_function();
            assert!(
                value.abs() < 1e-9 && slope.abs() < 1e-8,
                "{p}/{q}: {value} {slope}"
            );
            let [x, y, w] = local.point();
            let on = if line.on_unit_circle {
                family.first_point(line.u)
            } else {
                family.second_point(line.u)
            };
            assert!((x / w - on[0]).hypot(y / w - on[1]) < 1e-9);
        }
    }
}

#[test]
fn the_swallowtail_of_the_reference_is_proved_and_any_one_parameter_unfolds_it() {
    let found = classify(&parameters((3, 2), "1/3", "1/4", "1/4")).unwrap();
    let tail: Vec<_> = found
        .singularities
        .iter()
        .filter(|s| s.order == Order::Swallowtail)
        .collect();
    assert_eq!(tail.len(), 1);
    assert_eq!(found.singularities.len(), 5);
    let tail = tail[0];
    assert_eq!(tail.standing, Standing::Proved);
    assert!((tail.u - std::f64::consts::FRAC_PI_2).abs() < 1e-9);
    let [x, y] = tail.point.unwrap();
    assert!((x - 1.0 / 3.0).abs() < 1e-9 && y.abs() < 1e-9);
    // grad E = (-24 r, -36 r^2, 36 r^2)
    for (found, expected) in tail.gradient.into_iter().zip([-6.0, -2.25, 2.25]) {
        assert!((found - expected).abs() < 1e-9, "{:?}", tail.gradient);
    }
    let singles = [Parameter::A, Parameter::B, Parameter::R].map(|parameter| vec![parameter]);
    assert_eq!(tail.unfolded_by, singles);
}

#[test]
fn the_butterfly_of_the_reference_is_proved() {
    let found = classify(&parameters((3, 2), "0", "0", "1/4")).unwrap();
    let orders: Vec<Order> = found.singularities.iter().map(|s| s.order).collect();
    assert_eq!(orders, [Order::Butterfly, Order::Cusp]);
    let butterfly = &found.singularities[0];
    assert_eq!(butterfly.standing, Standing::Proved);
    assert!((butterfly.gradient[1] + 1.125).abs() < 1e-9);
    assert!((butterfly.second_gradient.unwrap()[0] - 5.625).abs() < 1e-9);
}

#[test]
fn near_a_wall_the_type_is_right_or_said_to_be_undecided() {
    for (offset, expected) in [("1e-8", 0), ("-1e-8", 2), ("1e-10", 0), ("-1e-10", 2)] {
        // b = r + e: two cusps more for e > 0.
        let b = format!("{}", 0.25_f64 - offset.parse::<f64>().unwrap());
        let found = classify(&parameters((3, 2), "1/3", &b, "1/4")).unwrap();
        let exact = found.exact.unwrap();
        assert_eq!(exact.distinct(), 4 + expected, "{offset}");
        for singularity in &found.singularities {
            let higher = singularity.order != Order::Cusp;
            assert!(!higher || singularity.standing == Standing::Undecided);
        }
        if offset.ends_with("-8") {
            assert_eq!(found.singularities.len(), 4 + expected, "{offset}");
        }
    }
}
