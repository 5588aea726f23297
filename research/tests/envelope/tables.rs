//! The tables of `data/`: 76 families of one circle, and the intervals of the radius for concentric circles.
//!
//! Both were computed independently of this crate, by sampled polylines and by companion matrices.

use swemill_research::envelope::count::{Answer, Counts, Effort, count};
use swemill_research::envelope::family::OneCircle;
use swemill_research::envelope::nodes::self_intersections;
use swemill_research::envelope::parameters::{Multiplier, Number, Parameters};

pub(crate) fn parameters(m: (i64, i64), a: &str, b: &str, r: &str) -> Parameters {
    let number = |text: &str| text.parse::<Number>().unwrap();
    let multiplier = Multiplier::new(m.0, m.1).unwrap();
    Parameters::new(multiplier, number(a), number(b), number(r)).unwrap()
}

pub(crate) fn counts(m: (i64, i64), a: &str, b: &str, r: &str, effort: Effort) -> Counts {
    match count(&parameters(m, a, b, r), effort) {
        Answer::Counts(counts) => *counts,
        Answer::Degenerate(reason) => panic!("{reason}"),
    }
}

fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table.lines().skip(1).map(|line| line.split(',').collect())
}

#[test]
fn one_circle_has_the_counts_of_the_table() {
    let mut cases = 0;
    for row in rows(include_str!("data/one_circle.csv")) {
        let number = |column: usize| row[column].parse::<i64>().unwrap();
        let m = (number(0), number(1));
        let counts = counts(m, "0", "0", "1", Effort::Automatic);
        let found = [
            counts.cusps,
            counts.contacts_unit_circle,
            counts.nodes_affine,
            counts.points_at_infinity,
            counts.bitangents,
            counts.degree,
            counts.class,
        ];
        let found = found.map(|count| i64::try_from(count.value).unwrap());
        let expected = [7, 8, 9, 10, 11, 12, 13].map(number);
        assert_eq!(found, expected, "m = {}/{}", m.0, m.1);
        cases += 1;
    }
    assert_eq!(cases, 76);
}

#[test]
fn the_search_finds_the_nodes_of_one_circle() {
    for row in rows(include_str!("data/one_circle.csv")) {
        let number = |column: usize| row[column].parse::<i64>().unwrap();
        let multiplier = Multiplier::new(number(0), number(1)).unwrap();
        let turns = multiplier.difference();
        let pi = std::f64::consts::PI;
        let cusps: Vec<f64> = (0..turns.abs())
            .map(|k| pi * f64::from(2 * i32::try_from(k).unwrap() + 1))
            .map(|angle| angle / f64::from(i32::try_from(turns.abs()).unwrap()))
            .collect();
        let found = self_intersections(&OneCircle::new(multiplier), &cusps, 1.0);
        assert_eq!(
            found.nodes.len(),
            usize::try_from(number(9)).unwrap(),
            "m = {multiplier}"
        );
        assert!(found.undecided.is_empty());
        let flattest = found.nodes.iter().map(|node| node.sine).fold(1.0, f64::min);
        let expected: f64 = row[15].parse().unwrap();
        assert!(
            (flattest - expected).abs() < 1e-3,
            "m = {multiplier}: {flattest}"
        );
    }
}

#[test]
fn concentric_circles_have_the_counts_of_the_table_in_every_interval() {
    for row in rows(include_str!("data/concentric_intervals.csv")) {
        let m: (i64, i64) = (row[0].parse().unwrap(), row[1].parse().unwrap());
        let low: f64 = row[2].parse().unwrap();
        let high: f64 = row[3].parse::<f64>().unwrap();
        let high = if high.is_finite() {
            high
        } else {
            low.max(1.0) * 3.0
        };
        for share in [0.12, 0.5, 0.88] {
            let r = format!("{:.9}", low + (high - low) * share);
            if r == "1.000000000" {
                continue;
            }
            let counts = counts(m, "0", "0", &r, Effort::Float);
            let found = [
                counts.cusps,
                counts.points_at_infinity,
                counts.nodes_projective,
                counts.nodes_at_infinity,
                counts.nodes_affine,
            ];
            let found = found.map(|count| count.value.to_string());
            assert_eq!(found.to_vec(), row[4..], "m = {}/{}, r = {r}", m.0, m.1);
            let exact = self::counts(m, "0", "0", &r, Effort::Exact);
            assert_eq!(exact.cusps.value.to_string(), row[4]);
            assert_eq!(exact.points_at_infinity.value.to_string(), row[5]);
        }
    }
}
