//! A hair from a wall of any kind an answer is that of its side, or is said to be undecided.

use rayon::prelude::*;
use swemill_research::envelope::count::{Answer, Certainty, Count, Counts, Effort, count};
use swemill_research::envelope::parameters::{Multiplier, Number, Parameters};
use swemill_research::envelope::singularity::{Order, Standing, classify};

/// A point of a wall and a direction across it.
struct Crossing {
    kind: &'static str,
    m: (i64, i64),
    at: [&'static str; 3],
    across: [i64; 3],
}

/// One or two walls of every kind that has rational points.
fn crossings() -> Vec<Crossing> {
    let wall = |kind, m, at, across| Crossing {
        kind,
        m,
        at,
        across,
    };
    vec![
        wall("cusp pair", (3, 2), ["1/3", "1/4", "1/4"], [0, 1, 0]),
        wall("cusp pair", (3, 2), ["1/3", "1/4", "1/4"], [1, 0, 1]),
        wall("cusp pair", (2, 1), ["-3/4", "1", "1/4"], [0, 1, 0]),
        wall("butterfly", (3, 2), ["0", "0", "1/4"], [1, 0, 0]),
        wall("two butterflies", (3, 1), ["0", "0", "1/5"], [0, 0, 1]),
        wall("three butterflies", (-2, 1), ["0", "0", "4/5"], [0, 0, 1]),
        wall("common tangent", (3, 1), ["3/5", "7/10", "2/5"], [1, 0, 0]),
        wall("cusp at infinity", (3, 1), ["0", "0", "1/3"], [0, 0, 1]),
        wall("cusp at infinity", (3, 2), ["0", "0", "2/3"], [0, 0, 1]),
        wall("self-tangency", (3, 1), ["0", "0", "1/2"], [0, 0, 1]),
        wall("self-tangency", (3, 2), ["0", "0", "1/2"], [0, 0, 1]),
        wall("coincidence", (3, 2), ["3/4", "0", "1/4"], [1, 0, 0]),
        wall("coincidence", (3, 1), ["1/2", "0", "1/2"], [1, 1, 0]),
        wall("one circle", (3, 2), ["0", "0", "1"], [0, 0, 1]),
        wall("pencil", (2, 1), ["1/3", "0", "1/3"], [1, 0, 0]),
    ]
}

/// The family at some distance from a wall.
fn beside(wall: &Crossing, distance: &str) -> Parameters {
    let distance = distance.parse::<Number>().unwrap().0;
    let [a, b, r] = [0, 1, 2].map(|k| {
        let at = wall.at[k].parse::<Number>().unwrap().0;
        Number(at + &distance * num_bigint::BigInt::from(wall.across[k]))
    });
    Parameters::new(Multiplier::new(wall.m.0, wall.m.1).unwrap(), a, b, r).unwrap()
}

fn counted(parameters: &Parameters, effort: Effort) -> Counts {
    match count(parameters, effort) {
        Answer::Counts(counts) => *counts,
        Answer::Degenerate(reason) => panic!("{reason}"),
    }
}

fn named(counts: &Counts) -> [(&'static str, Count); 6] {
    [
        ("cusps", counts.cusps),
        ("points at infinity", counts.points_at_infinity),
        ("nodes", counts.nodes_projective),
        ("bitangents", counts.bitangents),
        ("unit contacts", counts.contacts_unit_circle),
        ("second contacts", counts.contacts_second_circle),
    ]
}

#[test]
fn a_count_a_hair_from_a_wall_is_that_of_its_side_or_undecided() {
    crossings().par_iter().for_each(|wall| {
        for side in ["", "-"] {
            let far = counted(&beside(wall, &format!("{side}1e-4")), Effort::Exact);
            for (distance, effort) in [("1e-8", Effort::Float), ("1e-9", Effort::Automatic)] {
                let near = counted(&beside(wall, &format!("{side}{distance}")), effort);
                for ((name, expected), (_, found)) in named(&far).into_iter().zip(named(&near)) {
                    assert!(
                        found.value == expected.value || found.certainty == Certainty::Undecided,
                        "{name} at {side}{distance} from a {} of m = {:?}: {found:?}, and {expected:?} further on",
                        wall.kind,
                        wall.m
                    );
                }
            }
        }
    });
}

#[test]
fn a_type_a_hair_from_a_wall_is_right_or_undecided() {
    for wall in crossings() {
        for distance in ["1e-8", "1e-9", "1e-10", "1e-12"] {
            for side in ["", "-"] {
                let distance = format!("{side}{distance}");
                let found = classify(&beside(&wall, &distance)).unwrap();
                let exact = found.exact.unwrap();
                for (order, multiplicity) in [
                    (Order::Cusp, 1),
                    (Order::Swallowtail, 2),
                    (Order::Butterfly, 3),
                ] {
                    let sure = found.singularities.iter().filter(|singularity| {
                        singularity.order == order && singularity.standing != Standing::Undecided
                    });
                    let open = found
                        .singularities
                        .iter()
                        .any(|singularity| singularity.standing == Standing::Undecided);
                    let (sure, all) = (sure.count(), exact.of(multiplicity));
                    assert!(
                        sure == all || (open && sure < all),
                        "{distance} from a {} of m = {:?}: {sure} of {order:?} are sure, {all} there are",
                        wall.kind,
                        wall.m
                    );
                }
            }
        }
    }
}
