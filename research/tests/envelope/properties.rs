//! Symmetries that keep every count, on random parameters; and families that have none.

use proptest::prelude::*;
use swemill_research::envelope::count::{Answer, Count, Counts, Effort, count, float_counts};
use swemill_research::envelope::family::{Family, MovingLine as _};
use swemill_research::envelope::parameters::{Multiplier, Number, Parameters};
use swemill_research::envelope::trigonometric::Trigonometric;

fn multiplier() -> impl Strategy<Value = Multiplier> {
    (-8_i64..=8, 1_i64..=8)
        .prop_map(|(p, q)| Multiplier::new(p, q).unwrap())
        .prop_filter("a family with an envelope", |m| {
            m.p() != 0 && m.difference() != 0
        })
}

/// (a, b, r) of general parameters.
fn place() -> impl Strategy<Value = [f64; 3]> {
    (-1.5..1.5_f64, -1.5..1.5_f64, 0.15..2.0_f64).prop_map(|(a, b, r)| [a, b, r])
}

/// Counts by value, without those of single circles; `None` where a wall is too near to compare.
fn values(m: (i64, i64), [a, b, r]: [f64; 3]) -> Option<Vec<usize>> {
    let family = Family::new(Multiplier::new(m.0, m.1).unwrap(), a, b, r);
    let found = float_counts(&family);
    (found.nodes_are_sure() && found.bitangents.isolated).then(|| {
        vec![
            found.cusps.simple.len(),
            found.infinity.simple.len(),
            found.nodes.nodes.len(),
            usize::try_from(found.bitangents.count()).unwrap(),
            found.first_contacts.simple.len() + found.second_contacts.simple.len(),
        ]
    })
}

fn agree(one: Option<Vec<usize>>, other: Option<Vec<usize>>) -> Result<(), TestCaseError> {
    if let (Some(one), Some(other)) = (one, other) {
        prop_assert_eq!(one, other);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn reflection_keeps_every_count(m in multiplier(), [a, b, r] in place()) {
        let m = (m.p(), m.q());
        agree(values(m, [a, b, r]), values(m, [a, -b, r]))?;
    }

    #[test]
    fn turning_the_centre_by_a_step_of_the_symmetry_keeps_every_count(
        m in multiplier(),
        [a, b, r] in place(),
    ) {
        let ratio = f64::from(i32::try_from(m.q()).unwrap())
            / f64::from(i32::try_from(m.difference()).unwrap());
        let (sine, cosine) = (std::f64::consts::TAU * ratio).sin_cos();
        let m = (m.p(), m.q());
        let turned = [a * cosine - b * sine, a * sine + b * cosine, r];
        agree(values(m, [a, b, r]), values(m, turned))?;
    }

    #[test]
    fn exchanging_the_circles_keeps_every_count(m in multiplier(), [a, b, r] in place()) {
        // For negative m both signs change and the picture is reflected.
        let sign = m.p().signum();
        #[expect(clippy::cast_precision_loss, reason = "it is 1 or -1")]
        let flip = sign as f64;
        let swapped = [-a / r, -b / r * flip, 1.0 / r];
        agree(
            values((m.p(), m.q()), [a, b, r]),
            values((sign * m.q(), sign * m.p()), swapped),
        )?;
    }

    #[test]
    fn cusps_and_points_at_infinity_are_even_in_number(m in multiplier(), place in place()) {
        if let Some(values) = values((m.p(), m.q()), place) {
            prop_assert_eq!((values[0] % 2, values[1] % 2), (0, 0));
        }
    }

    #[test]
    fn text_that_is_no_number_is_refused_without_a_panic(text in ".{0,80}") {
        let _ = text.parse::<Number>();
        let _ = text.parse::<Multiplier>();
    }
}

#[test]
fn the_test_vector_holds_to_twelve_digits() {
    let family = Family::new(Multiplier::new(3, 2).unwrap(), 0.31, -0.17, 0.45);
    let conditions = family.conditions();
    let cusp = Trigonometric::new(&conditions.cusp).jet(0.7);
    let infinity = Trigonometric::new(&conditions.infinity).value(0.7);
    let near = |found: f64, expected: f64, digits: f64| {
        assert!((found - expected).abs() < digits, "{found} for {expected}");
    };
    near(infinity, 0.706_893_713_786_8, 1e-12);
    near(cusp[0], -0.576_098_381_849_4, 1e-12);
    near(cusp[1], -2.051_170_631_3, 1e-9);
    let [x, y] = family.envelope_point(0.7);
    near(x, -0.020_050_641_27, 1e-10);
    near(y, -0.686_933_714_45, 1e-10);
    for (found, expected) in
        family.jet(0.7)[0]
            .into_iter()
            .zip([0.767_005_51, -0.087_147_89, -0.044_485_87])
    {
        near(found, expected, 1e-8);
    }
}

#[test]
fn families_without_an_envelope_are_named_and_not_counted() {
    let cases = [
        ("0", "0.3", "0.2", "0.5"),
        ("1", "0.3", "0.2", "0.5"),
        ("1", "0.3", "0", "1"),
        ("-1", "0", "0", "1"),
        ("3/2", "0.3", "0.1", "0"),
        ("2", "1/3", "0", "1/3"),
        ("1/2", "-1", "0", "0.7"),
        // u = 0 makes both points coincide: 1 = 3/4 + 1/4.
        ("3/2", "3/4", "0", "1/4"),
    ];
    for (m, a, b, r) in cases {
        let number = |text: &str| text.parse::<Number>().unwrap();
        let parameters =
            Parameters::new(m.parse().unwrap(), number(a), number(b), number(r)).unwrap();
        assert!(
            matches!(count(&parameters, Effort::Automatic), Answer::Degenerate(_)),
            "m = {m} at ({a}, {b}, {r})"
        );
    }
}

#[test]
fn crossing_a_common_tangent_changes_two_cusps_and_one_bitangent() {
    // m = 3, r = 2/5: the chord at u = 0 touches both circles for a = 3/5.
    let at = |a: &str| {
        let counts: Counts = crate::tables::counts((3, 1), a, "0.7", "2/5", Effort::Exact);
        [counts.cusps, counts.bitangents].map(|count: Count| count.value)
    };
    let ([few, some], [more, other]) = (at("0.601"), at("0.599"));
    assert_eq!(few.abs_diff(more), 2);
    assert_eq!(some.abs_diff(other), 1);
}
