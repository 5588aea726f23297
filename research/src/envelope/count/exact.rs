//! Counts by whole-number algebra, and crossings by proofs in intervals.

use super::float::{FloatCounts, places};
use super::{Count, Counts, Path};
use crate::envelope::conditions::Conditions;
use crate::envelope::enclosure::Enclosure;
use crate::envelope::exact::multiplicities;
use crate::envelope::exact::polynomial::from_trigonometric;
use crate::envelope::exact::sturm::greatest_common_divisor;
use crate::envelope::nodes::Node;
use crate::envelope::parameters::Parameters;

/// Degree in `tan(u/2)` up to which whole-number algebra is taken without being asked for.
pub const EXACT_LIMIT: u64 = 64;

/// Whether exact counts would take long.
pub fn exact_limit_reached(parameters: &Parameters) -> bool {
    let (p, q) = (parameters.multiplier.p(), parameters.multiplier.q());
    let frequencies = [2 * p - q, 2 * q - p, p + q, 2 * (p - q)];
    let largest = frequencies.into_iter().map(i64::unsigned_abs).max();
    2 * largest.unwrap_or(0) > EXACT_LIMIT
}

/// Replaces every count that whole-number algebra can give, or prove right.
pub(super) fn improve(counts: &mut Counts, found: &FloatCounts, parameters: &Parameters) {
    let multiplier = parameters.multiplier;
    let conditions = Conditions::new(
        multiplier.p(),
        multiplier.q(),
        &parameters.a.0,
        &parameters.b.0,
        &parameters.r.0,
    );
    let proved =
        |value: usize| Count::proved(u64::try_from(value).unwrap_or(u64::MAX), Path::Exact);
    let cusps = multiplicities(&conditions.cusp);
    if let Some(zeros) = &cusps {
        counts.cusps = proved(zeros.distinct());
        counts.cusp_orders.clone_from(&zeros.0);
    }
    if let Some(zeros) = multiplicities(&conditions.infinity) {
        counts.points_at_infinity = proved(zeros.distinct());
    }
    if let Some(zeros) = multiplicities(&conditions.first_contact) {
        counts.contacts_unit_circle = proved(zeros.distinct());
    }
    if let Some(zeros) = multiplicities(&conditions.second_contact) {
        counts.contacts_second_circle = proved(zeros.distinct());
    }
    // Degree and class drop where the line, or the point, vanishes for a complex u.
    let shared = |first, second| {
        let divisor =
            greatest_common_divisor(&from_trigonometric(first), &from_trigonometric(second));
        divisor.degree().unwrap_or(0) == 0
    };
    if shared(&conditions.infinity, &conditions.first_contact) {
        counts.degree = Count::proved(counts.degree.value, Path::Exact);
    }
    let [first, second, _] = &conditions.line;
    if shared(first, second) {
        counts.class = Count::proved(counts.class.value, Path::Exact);
    }
    let Some(cusps) = cusps else { return };
    if let Some(enclosure) = Enclosure::new(&conditions, &places(&found.cusps), &cusps) {
        prove_pairs(counts, found, &enclosure, parameters);
    }
}

/// Crossings and bitangents that floats found are proved to be all there are, or stay what they were.
fn prove_pairs(
    counts: &mut Counts,
    found: &FloatCounts,
    enclosure: &Enclosure,
    parameters: &Parameters,
) {
    let proved = |count: Count| Count::proved(count.value, Path::Enclosure);
    let crossings: Vec<[f64; 2]> = found
        .nodes
        .nodes
        .iter()
        .map(|node| [node.u, node.v])
        .collect();
    if enclosure.crosses_only_at(&crossings) {
        counts.nodes_projective = proved(counts.nodes_projective);
        // Half a turn maps a concentric family with odd p and q to itself: that puts crossings at infinity. Of any
        // other crossing it must be shown that it is not there.
        let (p, q) = (parameters.multiplier.p(), parameters.multiplier.q());
        let turned = parameters.is_concentric() && p % 2 != 0 && q % 2 != 0;
        let nodes = found.nodes.nodes.iter();
        let doubtful: Vec<_> = nodes
            .filter(|node| !enclosure.is_finite_near(node.u))
            .collect();
        let half_turn = |node: &&Node| (node.v - node.u - std::f64::consts::PI).abs() < 1e-6;
        let by_symmetry = turned
            && counts.points_at_infinity.path == Path::Exact
            && counts.points_at_infinity.value == 2 * counts.nodes_at_infinity.value
            && doubtful.len()
                == usize::try_from(counts.nodes_at_infinity.value).unwrap_or(usize::MAX)
            && doubtful.iter().all(half_turn);
        let placed = doubtful.is_empty() || by_symmetry;
        if placed {
            counts.nodes_at_infinity = proved(counts.nodes_at_infinity);
            counts.nodes_affine = proved(counts.nodes_affine);
            if doubtful.is_empty() {
                // Two places with one direction would cross at infinity.
                counts.directions_at_infinity = Count {
                    path: Path::Enclosure,
                    ..counts.points_at_infinity
                };
            }
        }
    }
    if enclosure.touches_twice_only_at(&found.bitangents.pairs) {
        counts.bitangents = proved(counts.bitangents);
    }
}
