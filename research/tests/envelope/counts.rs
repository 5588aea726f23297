//! Counts off centre, and the counts' symmetries.

use swemill_research::envelope::count::Effort;

use crate::tables::counts;

/// The unfoldings of a swallowtail and a butterfly: (m, a, b, r) and (cusps, points at infinity, nodes).
#[test]
fn the_unfoldings_have_the_counts_of_the_reference() {
    let cases = [
        ((3, 2), "1/3", "0.249", "0.25", [4, 0, 1]),
        ((3, 2), "1/3", "0.251", "0.25", [6, 0, 2]),
        ((3, 2), "1/3", "0.25", "0.27", [4, 0, 1]),
        ((3, 2), "1/3", "0.25", "0.23", [6, 0, 2]),
        ((2, 1), "-0.75", "1.001", "0.25", [2, 2, 3]),
        ((2, 1), "-0.75", "0.999", "0.25", [4, 2, 4]),
        ((3, 2), "0.02", "0", "1/4", [2, 0, 0]),
        ((3, 2), "0.02", "0.01", "1/4", [2, 0, 0]),
        ((3, 2), "-0.005", "0", "1/4", [4, 0, 3]),
        ((3, 2), "-0.005", "0.0002", "1/4", [4, 0, 3]),
        ((3, 2), "-0.005", "0.001", "1/4", [4, 0, 1]),
        ((3, 2), "-0.005", "0.0016", "1/4", [4, 0, 1]),
        ((3, 2), "-0.005", "0.002", "1/4", [2, 0, 0]),
        ((3, 2), "-0.02", "0.002", "1/4", [4, 0, 3]),
        ((3, 2), "-0.02", "0.015", "1/4", [4, 0, 1]),
        ((3, 2), "-0.02", "0.022", "1/4", [2, 0, 0]),
        ((3, 1), "0", "-0.02", "1/5", [6, 0, 3]),
        ((3, 1), "0.003", "-0.02", "1/5", [6, 0, 1]),
        ((3, 1), "0.02", "-0.02", "1/5", [4, 0, 0]),
        ((3, 1), "0", "0", "0.19", [4, 0, 0]),
        ((3, 1), "0", "0", "0.21", [8, 0, 6]),
        ((3, 2), "0.21", "0", "1/2", [2, 0, 0]),
        ((3, 2), "0.19", "0", "1/2", [4, 0, 3]),
        ((3, 2), "0.19", "0.03", "1/2", [4, 0, 1]),
    ];
    for (m, a, b, r, expected) in cases {
        for effort in [Effort::Float, Effort::Exact] {
            let counts = counts(m, a, b, r, effort);
            let found = [
                counts.cusps,
                counts.points_at_infinity,
                counts.nodes_projective,
            ];
            assert_eq!(
                found.map(|count| count.value),
                expected,
                "m = {m:?} at ({a}, {b}, {r})"
            );
        }
    }
}

#[test]
fn whole_number_algebra_finds_the_multiplicities_of_the_reference() {
    let cases = [
        ((3, 2), "0", "0", "1/4", vec![1, 0, 1]),
        ((3, 2), "1/3", "1/4", "1/4", vec![4, 1]),
        ((3, 1), "0", "0", "1/5", vec![2, 0, 2]),
        ((-2, 1), "0", "0", "4/5", vec![3, 0, 3]),
    ];
    for (m, a, b, r, orders) in cases {
        assert_eq!(
            counts(m, a, b, r, Effort::Exact).cusp_orders,
            orders,
            "m = {m:?}"
        );
    }
}

#[test]
fn crossings_of_branches_that_almost_touch_are_not_lost() {
    // On this line the branches touch at a = -1; beside it they cross twice, at an angle of 5e-5.
    let near = counts((3, 2), "-0.99995", "-0.311978", "0.6", Effort::Float);
    assert_eq!(near.nodes_projective.value, 4);
}
