//! Walls: places along a path of parameters where a count changes, and what changes there.

use rayon::prelude::*;
use serde::Serialize;

use super::count::{FloatCounts, float_counts, places};
use super::error::EnvelopeError;
use super::family::Family;
use super::laurent::Scalar as _;
use super::parameters::Multiplier;
use super::singularity::Unfolding;
use super::trigonometric::Trigonometric;

/// A straight path in the space of (a, b, r).
#[derive(Clone, Copy, Debug)]
pub struct ParameterPath {
    /// The multiplier, the same all along.
    pub multiplier: Multiplier,
    /// Where it starts.
    pub from: [f64; 3],
    /// Where it ends.
    pub to: [f64; 3],
}

impl ParameterPath {
    /// (a, b, r) at a share of the path between 0 and 1.
    pub fn at(&self, share: f64) -> [f64; 3] {
        [0, 1, 2].map(|k| self.from[k] + share * (self.to[k] - self.from[k]))
    }

    fn family(&self, share: f64) -> Family {
        let [a, b, r] = self.at(share);
        Family::new(self.multiplier, a, b, r)
    }
}

/// The counts that walls separate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Signature {
    /// Zeros of E.
    pub cusps: usize,
    /// Zeros of W.
    pub points_at_infinity: usize,
    /// Self-intersections in the projective plane.
    pub nodes_projective: usize,
    /// Self-intersections in the plane.
    pub nodes_affine: usize,
    /// Lines that touch twice.
    pub bitangents: u64,
    /// Contacts with the unit circle.
    pub contacts_unit_circle: usize,
    /// Contacts with the second circle.
    pub contacts_second_circle: usize,
}

impl Signature {
    fn without_nodes(self) -> Self {
        Self {
            nodes_projective: 0,
            nodes_affine: 0,
            ..self
        }
    }

    fn of(counts: &FloatCounts) -> Self {
        let nodes = &counts.nodes.nodes;
        Self {
            cusps: places(&counts.cusps).len(),
            points_at_infinity: places(&counts.infinity).len(),
            nodes_projective: nodes.len(),
            nodes_affine: nodes.iter().filter(|node| !node.is_at_infinity()).count(),
            bitangents: counts.bitangents.count(),
            contacts_unit_circle: places(&counts.first_contacts).len(),
            contacts_second_circle: places(&counts.second_contacts).len(),
        }
    }
}

/// What happens at a wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Two cusps and a node appear or vanish in a swallowtail (A3).
    CuspPair,
    /// A cusp splits into three, or three join, in a butterfly (A4).
    Butterfly,
    /// A cusp moves across another branch (A2 A1): two nodes.
    CuspCrossesBranch,
    /// Two branches touch and part: two nodes, two bitangents, or both.
    SelfTangency,
    /// Two points at infinity join in a cusp there.
    CuspAtInfinity,
    /// A node passes through infinity.
    NodeAtInfinity,
    /// Both points coincide on a chord, which then has no line.
    Coincidence,
    /// A chord touches both circles: the envelope runs along it to infinity and back.
    CommonTangent,
    /// The envelope's contacts with a circle change.
    Contact,
    /// Bitangents change, and nothing else.
    Bitangent,
    /// Counts change for a reason that was not recognised.
    Other,
}

/// A place where counts change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Wall {
    /// Share of the path.
    pub share: f64,
    /// How far that may be off.
    pub width: f64,
    /// (a, b, r) there.
    pub parameters: [f64; 3],
    /// What happens; several things may at once, by symmetry or by chance.
    pub events: Vec<Event>,
    /// The counts before.
    pub before: Signature,
    /// The counts after.
    pub after: Signature,
}

/// Walls are located to this share of the path.
const WIDTH: f64 = 1e-9;
/// Between two walls nearer than this, counts are not trusted: they become one wall.
const NEAREST: f64 = 1e-6;

/// The walls along a path. Two walls between neighbours of `samples` samples that undo each other are missed.
pub fn walls(
    path: &ParameterPath,
    samples: u32,
    progress: &(dyn Fn() + Sync),
) -> Result<Vec<Wall>, EnvelopeError> {
    if !(2..=100_000).contains(&samples) {
        return Err(EnvelopeError::Range(format!(
            "{samples} samples along a path; choose between 2 and 100000"
        )));
    }
    let p = path.multiplier.p();
    if p == 0 || path.multiplier.difference() == 0 {
        return Err(EnvelopeError::Degenerate {
            action: "follow",
            reason: "for m = 0 and m = 1 all lines of two circles pass through one point"
                .to_owned(),
        });
    }
    if path.from.iter().eq(&path.to)
        || path.from[2].min(path.to[2]) < 0.0
        || path.from[2].max(path.to[2]) == 0.0
    {
        return Err(EnvelopeError::Range(
            "a path needs two different ends, with radii that are not negative and not both 0"
                .to_owned(),
        ));
    }
    // Samples at irrational shares, so that special values between round ends are not hit.
    let shares: Vec<f64> = (0..=samples)
        .map(|k| match k {
            0 => 1e-7 * std::f64::consts::SQRT_2,
            k if k == samples => 1.0 - 1e-7 * std::f64::consts::SQRT_2,
            k => (f64::from(k) + 0.137_035_999) / (f64::from(samples) + 0.271_828_18),
        })
        .collect();
    let seen: Vec<(f64, Signature)> = shares
        .par_iter()
        .map(|&share| {
            let (signature, sure) = signature(path, share);
            progress();
            sure.then_some((share, signature))
        })
        .collect::<Vec<_>>()
        .into_iter()
        .flatten()
        .collect();
    let changes = (1..seen.len()).filter(|&k| seen[k - 1].1 != seen[k].1);
    let changes: Vec<usize> = changes.collect();
    let mut walls: Vec<Wall> = changes
        .par_iter()
        .flat_map_iter(|&k| {
            let mut found = Vec::new();
            locate(path, seen[k - 1], seen[k], &mut found);
            found
        })
        .collect();
    walls.sort_by(|one, other| one.share.total_cmp(&other.share));
    Ok(walls)
}

fn signature(path: &ParameterPath, share: f64) -> (Signature, bool) {
    let counts = float_counts(&path.family(share));
    (Signature::of(&counts), counts.nodes_are_sure())
}

/// Bisects until one wall is located; a third signature between two means at least two walls.
///
/// Where cusps crowd nodes are not known: there only the other counts are compared.
fn locate(
    path: &ParameterPath,
    low: (f64, Signature),
    high: (f64, Signature),
    found: &mut Vec<Wall>,
) {
    let (mut low, mut high) = (low, high);
    while high.0 - low.0 > WIDTH {
        let share = f64::midpoint(low.0, high.0);
        let (mut middle, sure) = signature(path, share);
        if !sure {
            if middle.without_nodes() == low.1.without_nodes() {
                if middle.without_nodes() == high.1.without_nodes() {
                    break;
                }
                middle = low.1;
            } else if middle.without_nodes() == high.1.without_nodes() {
                middle = high.1;
            }
        }
        if middle == low.1 {
            low.0 = share;
        } else if middle == high.1 {
            high.0 = share;
        } else if high.0 - low.0 > NEAREST {
            locate(path, low, (share, middle), found);
            locate(path, (share, middle), high, found);
            return;
        } else {
            break;
        }
    }
    let share = f64::midpoint(low.0, high.0);
    found.push(Wall {
        share,
        width: high.0 - low.0,
        parameters: path.at(share),
        events: events(path, low, high),
        before: low.1,
        after: high.1,
    });
}

/// Recognises what happens between two places a hair apart.
fn events(path: &ParameterPath, low: (f64, Signature), high: (f64, Signature)) -> Vec<Event> {
    let share = f64::midpoint(low.0, high.0);
    let family = path.family(share);
    let (before, after) = (low.1, high.1);
    let mut events = Vec::new();
    if super::degenerate::nearest_coincidence(&family) < 1e-5 {
        return vec![Event::Coincidence];
    }
    let pairs = before.cusps.abs_diff(after.cusps) / 2;
    if pairs > 0 {
        events.extend(degenerate_cusps(&family, pairs));
    }
    if before.points_at_infinity != after.points_at_infinity {
        events.push(Event::CuspAtInfinity);
    }
    let nodes = before.nodes_projective.abs_diff(after.nodes_projective);
    // Joining at infinity makes and unmakes nodes; so does a butterfly, up to three of them.
    let explained = before.points_at_infinity != after.points_at_infinity
        || (pairs > 0 && (nodes == pairs || events.contains(&Event::Butterfly)));
    if nodes > 0 && !explained {
        events.push(node_event(path, low, high));
    } else if nodes == 0 && before.nodes_affine != after.nodes_affine {
        events.push(Event::NodeAtInfinity);
    }
    if before.contacts_unit_circle != after.contacts_unit_circle
        || before.contacts_second_circle != after.contacts_second_circle
    {
        events.push(Event::Contact);
    }
    if events.is_empty() {
        events.push(if before.bitangents == after.bitangents {
            Event::Other
        } else {
            Event::Bitangent
        });
    }
    events.sort_by_key(|event| *event as u8);
    events.dedup();
    events
}

/// The kinds of the flattest zeros of E, as many as cusp pairs changed.
fn degenerate_cusps(family: &Family, pairs: usize) -> Vec<Event> {
    let first = family.conditions().cusp.derivative();
    let mut flat: Vec<(f64, Event)> = places(&Trigonometric::new(&first).zeros())
        .into_iter()
        .map(|u| {
            let local = Unfolding::new(family, u);
            let [[a, b, _], [c, d, _]] = local.gradients();
            let [value, slope] = local.cusp_function();
            let event = if local.independence() < 1e-3 {
                Event::CommonTangent
            } else if second_difference(&first, u) < 1e-3 * (c.hypot(d) + slope.abs()) {
                Event::Butterfly
            } else {
                Event::CuspPair
            };
            (value.abs() / a.hypot(b), event)
        })
        .collect();
    flat.sort_by(|one, other| one.0.total_cmp(&other.0));
    let kinds = flat.into_iter().take(pairs).map(|(_, event)| event);
    kinds.collect()
}

/// The second derivative of E at a zero of its first.
fn second_difference(first: &super::laurent::Laurent<f64>, u: f64) -> f64 {
    Trigonometric::new(first).jet(u)[1].abs()
}

/// Whether new nodes sit at a cusp or at a touching of branches.
fn node_event(path: &ParameterPath, low: (f64, Signature), high: (f64, Signature)) -> Event {
    if low.1.bitangents != high.1.bitangents {
        return Event::SelfTangency;
    }
    let richer = if low.1.nodes_projective > high.1.nodes_projective {
        low.0 - 1e-7
    } else {
        high.0 + 1e-7
    };
    let counts = float_counts(&path.family(richer));
    let cusps = places(&counts.cusps);
    let flattest = counts
        .nodes
        .nodes
        .iter()
        .map(|node| node.sine)
        .fold(f64::INFINITY, f64::min);
    let turns = f64::whole(path.multiplier.difference().abs());
    let nearest = counts
        .nodes
        .nodes
        .iter()
        .flat_map(|node| {
            cusps
                .iter()
                .map(move |cusp| (node.u - cusp).abs().min((node.v - cusp).abs()))
        })
        .fold(f64::INFINITY, f64::min);
    if flattest < 2e-2 && flattest < nearest * turns {
        Event::SelfTangency
    } else if nearest < 2e-2 / turns {
        Event::CuspCrossesBranch
    } else if flattest < 0.1 {
        Event::SelfTangency
    } else {
        Event::Other
    }
}
