//! Counts in floats.

use super::{Certainty, Count, Counts};
use crate::envelope::bitangents::{Bitangents, bitangents};
use crate::envelope::conditions::Conditions;
use crate::envelope::degenerate::nearest_coincidence;
use crate::envelope::family::{Family, MovingLine as _};
use crate::envelope::laurent::{Laurent, Scalar as _};
use crate::envelope::nodes::{Nodes, self_intersections};
use crate::envelope::trigonometric::{Cluster, Trigonometric, Zeros};
use crate::envelope::vector::{cross, norm, unit};

/// Everything that floats find on one envelope, with its places.
#[derive(Clone, Debug)]
pub struct FloatCounts {
    /// Zeros of E.
    pub cusps: Zeros,
    /// Zeros of W.
    pub infinity: Zeros,
    /// Zeros of W without repetitions of a direction.
    pub directions: usize,
    /// Self-intersections.
    pub nodes: Nodes,
    /// Bitangents.
    pub bitangents: Bitangents,
    /// Contacts with the unit circle.
    pub first_contacts: Zeros,
    /// Contacts with the second circle.
    pub second_contacts: Zeros,
    /// Smallest distance between P and Q.
    pub coincidence: f64,
    /// Degree of the curve for general parameters.
    pub degree: u64,
    /// Class of the curve for general parameters.
    pub class: u64,
    /// The larger of |p| and q.
    frequency: i64,
}

/// Below this distance of P and Q nothing is called certain.
const NEAR_COINCIDENCE: f64 = 1e-7;

/// Counts a family of two different circles.
pub fn float_counts(family: &Family) -> FloatCounts {
    let conditions = family.conditions();
    let zeros = |function: &Laurent<f64>| Trigonometric::new(function).zeros();
    let cusps = zeros(&conditions.cusp);
    let infinity = zeros(&conditions.infinity);
    let mut cuts = places(&cusps);
    cuts.sort_by(f64::total_cmp);
    FloatCounts {
        nodes: self_intersections(family, &cuts, family.scale()),
        directions: directions(family, &places(&infinity)),
        bitangents: bitangents(family),
        first_contacts: zeros(&conditions.first_contact),
        second_contacts: zeros(&conditions.second_contact),
        coincidence: nearest_coincidence(family),
        degree: 2 * point_degree(&conditions),
        class: 2 * line_degree(&conditions),
        frequency: family.multiplier.p().abs().max(family.multiplier.q()),
        cusps,
        infinity,
    }
}

/// One place for every zero or cluster of zeros.
pub(crate) fn places(zeros: &Zeros) -> Vec<f64> {
    let clusters = zeros.unresolved.iter().map(Cluster::middle);
    zeros.simple.iter().copied().chain(clusters).collect()
}

/// Distinct points at infinity: the directions of the chords there.
fn directions(family: &Family, infinity: &[f64]) -> usize {
    let lines = infinity.iter().map(|&u| {
        let [x, y, _] = family.jet(u)[0];
        unit([x, y, 0.0])
    });
    let mut seen: Vec<[f64; 3]> = Vec::new();
    for line in lines {
        if seen.iter().all(|&other| norm(cross(other, line)) > 1e-9) {
            seen.push(line);
        }
    }
    seen.len()
}

/// Trigonometric degree of the point, `W P - A1 D` and `W`.
fn point_degree(conditions: &Conditions<f64>) -> u64 {
    let chord = &conditions.chord;
    // P is what is left of Q - D; only its frequency matters, and the point's second form uses D alone.
    let [x, y, w] = {
        let [l1, l2, l3] = &conditions.line;
        let derivative = [l1, l2, l3].map(Laurent::derivative);
        let minor = |a: &Laurent<f64>, b1: &Laurent<f64>, b: &Laurent<f64>, a1: &Laurent<f64>| {
            a * b1 - b * a1
        };
        [
            minor(l2, &derivative[2], l3, &derivative[1]),
            minor(l3, &derivative[0], l1, &derivative[2]),
            minor(l1, &derivative[1], l2, &derivative[0]),
        ]
    };
    let size: f64 = chord.terms().map(|(_, c)| c.re.hypot(c.im)).sum();
    [x, y, w]
        .iter()
        .map(|part| visible_degree(part, size * size))
        .max()
        .unwrap_or(0)
}

fn line_degree(conditions: &Conditions<f64>) -> u64 {
    conditions
        .line
        .iter()
        .map(Laurent::degree)
        .max()
        .unwrap_or(0)
}

/// The degree without terms that only rounding left.
fn visible_degree(function: &Laurent<f64>, size: f64) -> u64 {
    function
        .terms()
        .filter(|(_, c)| c.re.hypot(c.im) > 1e-13 * size)
        .map(|(frequency, _)| frequency.unsigned_abs())
        .max()
        .unwrap_or(0)
}

impl FloatCounts {
    /// Whether nodes can be trusted: no branches that almost touch, no cusps so close that what lies between them is
    /// smaller than floats resolve.
    pub fn nodes_are_sure(&self) -> bool {
        self.nodes.undecided.is_empty()
            && self.cusps.unresolved.is_empty()
            && self.coincidence >= NEAR_COINCIDENCE
            && !self.cusps_are_crowded()
    }

    /// A swallowtail between two cusps at a distance v has a size of v^3, a butterfly between three of v^5.
    fn cusps_are_crowded(&self) -> bool {
        let cusps = &self.cusps.simple;
        let gap = |ahead: usize| {
            let gaps = (0..cusps.len()).map(|k| {
                (cusps[(k + ahead) % cusps.len()] - cusps[k]).rem_euclid(std::f64::consts::TAU)
            });
            gaps.fold(f64::INFINITY, f64::min) * f64::whole(self.frequency)
        };
        (cusps.len() >= 2 && gap(1) < 3e-3) || (cusps.len() >= 3 && gap(2) < 0.1)
    }
}

/// The float counts as answers.
pub(super) fn counts_of(found: &FloatCounts) -> Counts {
    let near = found.coincidence < NEAR_COINCIDENCE;
    let number = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
    let isolated = |zeros: &Zeros| {
        let sure = zeros.unresolved.is_empty() && !near;
        let certainty = if sure {
            Certainty::Isolated
        } else {
            Certainty::Undecided
        };
        Count::float(number(places(zeros).len()), certainty)
    };
    let searched = |value: usize| {
        let certainty = if found.nodes_are_sure() {
            Certainty::Searched
        } else {
            Certainty::Undecided
        };
        Count::float(number(value), certainty)
    };
    let nodes = found.nodes.nodes.len();
    let far = found
        .nodes
        .nodes
        .iter()
        .filter(|node| node.is_at_infinity())
        .count();
    let infinity = isolated(&found.infinity);
    Counts {
        cusps: isolated(&found.cusps),
        cusp_orders: Vec::new(),
        points_at_infinity: infinity,
        directions_at_infinity: Count {
            value: number(found.directions),
            ..infinity
        },
        nodes_projective: searched(nodes),
        nodes_at_infinity: searched(far),
        nodes_affine: searched(nodes - far),
        bitangents: Count::float(
            found.bitangents.count(),
            if found.bitangents.isolated && !near {
                Certainty::Isolated
            } else {
                Certainty::Undecided
            },
        ),
        contacts_unit_circle: isolated(&found.first_contacts),
        contacts_second_circle: isolated(&found.second_contacts),
        degree: Count::float(found.degree, Certainty::Searched),
        class: Count::float(found.class, Certainty::Searched),
    }
}
