//! Walls along paths: where they are, what they are called and what changes at them.

use swemill_research::envelope::error::EnvelopeError;
use swemill_research::envelope::parameters::Multiplier;
use swemill_research::envelope::walls::{Event, ParameterPath, Signature, Wall, walls};

fn path(m: (i64, i64), from: [f64; 3], to: [f64; 3]) -> ParameterPath {
    ParameterPath {
        multiplier: Multiplier::new(m.0, m.1).unwrap(),
        from,
        to,
    }
}

fn found(m: (i64, i64), from: [f64; 3], to: [f64; 3], samples: u32) -> Vec<Wall> {
    walls(&path(m, from, to), samples, &|| ()).unwrap()
}

/// Cusps, points at infinity and crossings on both sides.
fn change(wall: &Wall) -> [[usize; 3]; 2] {
    let numbers = |side: &Signature| [side.cusps, side.points_at_infinity, side.nodes_projective];
    [numbers(&wall.before), numbers(&wall.after)]
}

#[test]
fn concentric_circles_with_m_3_have_the_five_walls_of_the_reference() {
    let found = found((3, 1), [0.0, 0.0, 0.1], [0.0, 0.0, 1.2], 120);
    let near = |radius: f64| {
        found
            .iter()
            .find(|wall| (wall.parameters[2] - radius).abs() < 1e-6)
            .unwrap_or_else(|| panic!("no wall at {radius}: {found:?}"))
    };
    assert_eq!(change(near(0.2)), [[4, 0, 0], [8, 0, 6]]);
    assert_eq!(near(0.2).events, [Event::Butterfly]);
    assert_eq!(change(near(1.0 / 3.0)), [[8, 0, 6], [8, 4, 8]]);
    assert_eq!(near(1.0 / 3.0).events, [Event::CuspAtInfinity]);
    assert_eq!(change(near(0.5)), [[8, 4, 8], [8, 4, 12]]);
    assert_eq!(near(0.5).events, [Event::SelfTangency]);
    assert_eq!(change(near(0.507_317_66)), [[8, 4, 12], [8, 4, 4]]);
    assert_eq!(near(0.507_317_66).events, [Event::CuspCrossesBranch]);
    assert_eq!(change(near(1.0)), [[8, 4, 4], [4, 0, 0]]);
    assert_eq!(near(1.0).events, [Event::Coincidence]);
}

#[test]
fn a_swallowtail_is_a_cusp_pair_with_one_crossing() {
    let found = found((3, 2), [1.0 / 3.0, 0.22, 0.25], [1.0 / 3.0, 0.27, 0.25], 20);
    let wall = found
        .iter()
        .find(|wall| wall.before.cusps != wall.after.cusps)
        .unwrap();
    assert!((wall.parameters[1] - 0.25).abs() < 1e-6, "{wall:?}");
    assert_eq!(wall.events, [Event::CuspPair]);
    assert_eq!(change(wall), [[4, 0, 1], [6, 0, 2]]);
}

#[test]
fn beside_a_butterfly_a_cusp_crosses_a_branch_and_two_cusps_join() {
    let found = found((3, 2), [-0.02, 0.001, 0.25], [-0.02, 0.023, 0.25], 40);
    let at: Vec<(f64, &[Event])> = found
        .iter()
        .filter(|wall| wall.before.nodes_projective != wall.after.nodes_projective)
        .map(|wall| (wall.parameters[1], wall.events.as_slice()))
        .collect();
    assert_eq!(at.len(), 2, "{found:?}");
    assert!((at[0].0 - 3.788_986e-3).abs() < 1e-6 && (at[1].0 - 2.058_915_8e-2).abs() < 1e-6);
    assert_eq!(at[0].1, [Event::CuspCrossesBranch]);
    assert_eq!(at[1].1, [Event::CuspPair]);
}

#[test]
fn a_coincidence_changes_points_at_infinity_by_two_and_no_cusps() {
    let found = found((3, 2), [0.7, 0.1, 0.25], [0.8, 0.13, 0.25], 30);
    let wall = found
        .iter()
        .find(|wall| wall.events == [Event::Coincidence])
        .unwrap_or_else(|| panic!("{found:?}"));
    let [before, after] = change(wall);
    assert_eq!(before[0], after[0]);
    assert_eq!(before[1].abs_diff(after[1]), 2);
}

#[test]
fn a_chord_that_touches_both_circles_is_a_common_tangent() {
    let found = found((3, 1), [0.59, 0.7, 0.4], [0.61, 0.7, 0.4], 10);
    let wall = found
        .iter()
        .find(|wall| wall.events.contains(&Event::CommonTangent));
    let wall = wall.unwrap_or_else(|| panic!("{found:?}"));
    assert!((wall.parameters[0] - 0.6).abs() < 1e-6);
    assert_eq!(wall.before.bitangents.abs_diff(wall.after.bitangents), 1);
}

#[test]
fn the_way_back_meets_the_same_walls() {
    let (from, to) = ([0.31, -0.1, 0.45], [0.31, 0.5, 0.5]);
    let there = found((3, 2), from, to, 20);
    let mut back = found((3, 2), to, from, 20);
    back.reverse();
    assert!(!there.is_empty() && there.len() == back.len());
    for (one, other) in there.iter().zip(&back) {
        assert!(
            (one.share + other.share - 1.0).abs() < 1e-5,
            "{one:?} {other:?}"
        );
        assert_eq!((one.before, one.after), (other.after, other.before));
    }
}

#[test]
fn paths_without_sense_are_refused() {
    let refused = |m, from, to, samples| walls(&path(m, from, to), samples, &|| ()).unwrap_err();
    let (from, to) = ([0.0, 0.0, 0.1], [0.0, 0.0, 1.0]);
    assert!(matches!(
        refused((3, 1), from, from, 10),
        EnvelopeError::Range(_)
    ));
    assert!(matches!(
        refused((3, 1), from, to, 1),
        EnvelopeError::Range(_)
    ));
    assert!(matches!(
        refused((3, 1), [0.0, 0.0, -0.1], to, 10),
        EnvelopeError::Range(_)
    ));
    assert!(matches!(
        refused((1, 1), from, to, 10),
        EnvelopeError::Degenerate { .. }
    ));
}
