//! Which kind every singular point is.

use serde::Serialize;

use super::unfolding::{Parameter, Unfolding};
use crate::envelope::conditions::Conditions;
use crate::envelope::count::{exact_limit_reached, places};
use crate::envelope::degenerate::degenerate;
use crate::envelope::error::EnvelopeError;
use crate::envelope::exact::{Multiplicities, multiplicities};
use crate::envelope::family::Family;
use crate::envelope::parameters::Parameters;
use crate::envelope::trigonometric::Trigonometric;

/// Distance of the centre from a wall below which floats call a point singular, for circles of size 1.
pub const TOLERANCE: f64 = 1e-9;

/// Types of singular points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Order {
    /// An ordinary cusp.
    #[serde(rename = "A2")]
    Cusp,
    /// A swallowtail.
    #[serde(rename = "A3")]
    Swallowtail,
    /// A butterfly.
    #[serde(rename = "A4")]
    Butterfly,
    /// No singular point of the envelope: the chord touches both circles, and its point is not determined.
    #[serde(rename = "common_tangent")]
    CommonTangent,
}

/// How sure a type is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Whole-number algebra finds a zero of this order.
    Proved,
    /// The nearest wall is further than floats need.
    Clear,
    /// The wall is nearer than the tolerance, and nothing exact could decide.
    Undecided,
}

/// One singular point.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Singularity {
    /// Its parameter.
    pub u: f64,
    /// Its place; `None` at infinity.
    pub point: Option<[f64; 2]>,
    /// Its type.
    pub order: Order,
    /// How sure that is.
    pub standing: Standing,
    /// How far (a, b) is from a place with this type, to first order; for a cusp, from a place with a higher type.
    pub distance: f64,
    /// Whether (x, y, a, b, r) unfold it versally.
    pub versal: bool,
    /// The smallest sets of parameters that do, besides moving in the plane.
    pub unfolded_by: Vec<Vec<Parameter>>,
    /// Gradient of E by (a, b, r).
    pub gradient: [f64; 3],
    /// For a butterfly, the gradient of the derivative of E by u.
    pub second_gradient: Option<[f64; 3]>,
}

/// All singular points of an envelope.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Classification {
    /// By rising parameter.
    pub singularities: Vec<Singularity>,
    /// Zeros of E by order, if whole-number algebra was asked.
    pub exact: Option<Multiplicities>,
}

/// Classifies the singular points of a family with rational parameters.
pub fn classify(parameters: &Parameters) -> Result<Classification, EnvelopeError> {
    if parameters.is_one_circle() {
        return Err(EnvelopeError::Degenerate {
            action: "classify",
            reason: "both circles are one, where every cusp of the epicycloid or hypocycloid is ordinary; \
                     ask `count` for their number"
                .to_owned(),
        });
    }
    if let Some(reason) = degenerate(parameters) {
        return Err(EnvelopeError::Degenerate {
            action: "classify",
            reason: reason.to_string(),
        });
    }
    let mut singularities = classify_floats(&parameters.family());
    let exact = (!exact_limit_reached(parameters))
        .then(|| {
            let m = parameters.multiplier;
            let [a, b, r] = [&parameters.a, &parameters.b, &parameters.r].map(|number| &number.0);
            multiplicities(&Conditions::new(m.p(), m.q(), a, b, r).cusp)
        })
        .flatten();
    if let Some(exact) = &exact {
        confirm(&mut singularities, exact);
    }
    Ok(Classification {
        singularities,
        exact,
    })
}

/// Whole-number algebra decides what floats could not, where the numbers of points of each order agree.
fn confirm(singularities: &mut [Singularity], exact: &Multiplicities) {
    let orders = [
        (1, vec![Order::Cusp]),
        (2, vec![Order::Swallowtail, Order::CommonTangent]),
        (3, vec![Order::Butterfly]),
    ];
    for (multiplicity, orders) in orders {
        let found = singularities
            .iter()
            .filter(|s| orders.contains(&s.order))
            .count();
        if found == exact.of(multiplicity) {
            let them = singularities
                .iter_mut()
                .filter(|s| orders.contains(&s.order));
            them.for_each(|singularity| singularity.standing = Standing::Proved);
        }
    }
}

/// Classifies in floats alone.
pub fn classify_floats(family: &Family) -> Vec<Singularity> {
    let cusp = family.conditions().cusp;
    let first = cusp.derivative();
    let second = first.derivative();
    let third = Trigonometric::new(&second.derivative());
    let tolerance = TOLERANCE * family.r.max(1.0);
    let mut found: Vec<(Singularity, f64)> = Vec::new();

    for u in places(&Trigonometric::new(&second).zeros()) {
        let local = Unfolding::new(family, u);
        let distance = butterfly_distance(&local);
        if distance < tolerance && local.independence() > 1e-6 {
            let [gradient, _] = local.gradients();
            let spread = 6.0 * tolerance * length(gradient) / third.value(u).abs();
            found.push((
                point(&local, u, Order::Butterfly, distance),
                1e-5 + 3.0 * spread.cbrt(),
            ));
        }
    }
    let near = |found: &[(Singularity, f64)], u: f64| {
        found
            .iter()
            .any(|(singularity, spread)| around(singularity.u, u) < *spread)
    };
    let bend = Trigonometric::new(&second);
    for u in places(&Trigonometric::new(&first).zeros()) {
        let local = Unfolding::new(family, u);
        let [gradient, _] = local.gradients();
        let distance = local.cusp_function()[0].abs() / length(gradient);
        if near(&found, u) {
            continue;
        }
        let independent = local.independence() > 1e-6;
        if distance < tolerance {
            let order = if independent {
                Order::Swallowtail
            } else {
                Order::CommonTangent
            };
            let spread = 2.0 * tolerance * length(gradient) / bend.value(u).abs();
            found.push((
                point(&local, u, order, distance),
                1e-7 + 2.0 * spread.sqrt(),
            ));
        }
    }
    for u in places(&Trigonometric::new(&cusp).zeros()) {
        if !near(&found, u) {
            let local = Unfolding::new(family, u);
            let distance = swallowtail_distance(&local, bend.value(u));
            found.push((point(&local, u, Order::Cusp, distance), 0.0));
        }
    }
    let mut singularities: Vec<Singularity> = found.into_iter().map(|(point, _)| point).collect();
    singularities.sort_by(|one, other| one.u.total_cmp(&other.u));
    singularities
}

fn point(local: &Unfolding, u: f64, order: Order, distance: f64) -> Singularity {
    let [x, y, w] = local.point();
    let [gradient, second_gradient] = local.gradients();
    let k = match order {
        Order::Cusp | Order::CommonTangent => 2,
        Order::Swallowtail => 3,
        Order::Butterfly => 4,
    };
    let unfolded_by = local.unfolded_by(k);
    Singularity {
        u: u.rem_euclid(std::f64::consts::TAU),
        point: (w.abs() > 1e-9).then(|| [x / w, y / w]),
        order,
        standing: if order == Order::Cusp {
            Standing::Clear
        } else {
            Standing::Undecided
        },
        distance,
        versal: !unfolded_by.is_empty(),
        unfolded_by,
        gradient,
        second_gradient: (order == Order::Butterfly).then_some(second_gradient),
    }
}

/// How far (a, b) is from where E and E' both vanish here, to first order.
fn butterfly_distance(local: &Unfolding) -> f64 {
    let [value, slope] = local.cusp_function();
    let [[a, b, _], [c, d, _]] = local.gradients();
    let determinant = a * d - b * c;
    ((d * value - b * slope) / determinant).hypot((a * slope - c * value) / determinant)
}

/// How far (a, b) is from making a simple zero of E double: half the fall of E to its extremum beside the zero.
fn swallowtail_distance(local: &Unfolding, bend: f64) -> f64 {
    let [_, slope] = local.cusp_function();
    let [gradient, _] = local.gradients();
    slope * slope / (2.0 * bend.abs() * length(gradient))
}

fn length([a, b, _]: [f64; 3]) -> f64 {
    a.hypot(b)
}

/// The distance of two angles.
fn around(one: f64, other: f64) -> f64 {
    let gap = (one - other).rem_euclid(std::f64::consts::TAU);
    gap.min(std::f64::consts::TAU - gap)
}
