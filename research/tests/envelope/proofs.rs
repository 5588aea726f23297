//! Proofs of crossings and bitangents: they hold, and they refuse lists that are not right.

use num_rational::BigRational;
use swemill_research::envelope::conditions::Conditions;
use swemill_research::envelope::count::{Certainty, Effort, float_counts};
use swemill_research::envelope::enclosure::Enclosure;
use swemill_research::envelope::exact::multiplicities;
use swemill_research::envelope::parameters::Parameters;

use crate::tables::{counts, parameters};

/// The enclosure of a family, and the pairs of parameters of its crossings and bitangents.
fn pairs(of: &Parameters) -> (Enclosure, Vec<[f64; 2]>, Vec<[f64; 2]>) {
    let m = of.multiplier;
    let conditions = Conditions::<BigRational>::new(m.p(), m.q(), &of.a.0, &of.b.0, &of.r.0);
    let found = float_counts(&of.family());
    let orders = multiplicities(&conditions.cusp).unwrap();
    let enclosure = Enclosure::new(&conditions, &found.cusps.simple, &orders).unwrap();
    let crossings = found.nodes.nodes.iter().map(|node| [node.u, node.v]);
    (enclosure, crossings.collect(), found.bitangents.pairs)
}

#[test]
fn a_list_with_a_crossing_too_few_too_many_or_beside_its_place_is_not_proved() {
    let (enclosure, crossings, bitangents) = pairs(&parameters((-4, 3), "0.31", "-0.17", "0.45"));
    assert!(enclosure.crosses_only_at(&crossings));
    assert!(enclosure.touches_twice_only_at(&bitangents));
    for k in 0..crossings.len() {
        let mut fewer = crossings.clone();
        fewer.remove(k);
        assert!(
            !enclosure.crosses_only_at(&fewer),
            "without {:?}",
            crossings[k]
        );
    }
    let [u, v] = crossings[0];
    assert!(
        !enclosure.crosses_only_at(&[crossings.clone(), vec![[u, v]]].concat()),
        "one twice"
    );
    assert!(
        !enclosure.crosses_only_at(&[crossings.clone(), vec![[v, u]]].concat()),
        "one the other way round"
    );
    assert!(
        !enclosure.crosses_only_at(&[crossings.clone(), vec![[1.0, 2.5]]].concat()),
        "one invented"
    );
    let mut moved = crossings.clone();
    moved[0][0] += 1e-4;
    assert!(!enclosure.crosses_only_at(&moved), "one moved");
    assert!(
        !enclosure.touches_twice_only_at(&bitangents[1..]),
        "a bitangent too few"
    );
    assert!(
        !enclosure.crosses_only_at(&bitangents),
        "bitangents are no crossings"
    );
}

#[test]
fn parameters_a_period_on_are_the_same_crossings() {
    let (enclosure, crossings, _) = pairs(&parameters((3, 2), "0.31", "-0.17", "0.45"));
    let turned: Vec<_> = crossings
        .iter()
        .map(|[u, v]| [u + std::f64::consts::TAU, *v])
        .collect();
    assert!(!crossings.is_empty() && enclosure.crosses_only_at(&turned));
}

#[test]
fn every_count_of_a_general_family_is_proved() {
    for p in (-8..=8).filter(|p| *p != 0) {
        for q in (1..=8).filter(|q| *q != p) {
            let counts = counts((p, q), "0.31", "-0.17", "0.45", Effort::Exact);
            for count in [
                counts.cusps,
                counts.points_at_infinity,
                counts.directions_at_infinity,
                counts.nodes_projective,
                counts.nodes_at_infinity,
                counts.nodes_affine,
                counts.bitangents,
                counts.contacts_unit_circle,
                counts.contacts_second_circle,
                counts.degree,
                counts.class,
            ] {
                assert_eq!(
                    count.certainty,
                    Certainty::Proved,
                    "m = {p}/{q}: {counts:?}"
                );
            }
        }
    }
}

#[test]
fn crossings_at_infinity_are_proved_by_symmetry() {
    let counts = counts((3, 1), "0", "0", "2/5", Effort::Exact);
    let found = [
        counts.nodes_projective,
        counts.nodes_at_infinity,
        counts.nodes_affine,
    ];
    assert_eq!(found.map(|count| count.value), [8, 2, 6]);
    assert_eq!(found.map(|count| count.certainty), [Certainty::Proved; 3]);
}

#[test]
fn crossings_on_a_wall_of_cusps_are_proved_too() {
    // A swallowtail, a butterfly, two butterflies: E has zeros of higher order.
    for (m, a, b, r) in [
        ((3, 2), "1/3", "1/4", "1/4"),
        ((3, 2), "0", "0", "1/4"),
        ((3, 1), "0", "0", "1/5"),
    ] {
        let counts = counts(m, a, b, r, Effort::Exact);
        assert_eq!(
            counts.nodes_projective.certainty,
            Certainty::Proved,
            "{m:?} {a} {b} {r}: {counts:?}"
        );
    }
}
