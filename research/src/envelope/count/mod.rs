//! Counting what an envelope has: cusps, points at infinity, self-intersections, bitangents, contacts, degree, class.

mod closed;
mod exact;
mod float;

use serde::Serialize;

use super::degenerate::{Degenerate, degenerate};
use super::parameters::Parameters;

pub use exact::{EXACT_LIMIT, exact_limit_reached};
pub(crate) use float::places;
pub use float::{FloatCounts, float_counts};

/// How a number was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Path {
    /// A formula.
    ClosedForm,
    /// Whole-number algebra: Sturm sequences over big integers.
    Exact,
    /// Found in floats, then proved in intervals to be all there are.
    Enclosure,
    /// Floats.
    Float,
}

/// How sure a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Proved for these parameters.
    Proved,
    /// Every zero was isolated by bounds that hold up to rounding.
    Isolated,
    /// A search found these and no more; it is complete as far as it was tested.
    Searched,
    /// A wall is so near that floats cannot tell; the number is one of its two sides.
    Undecided,
}

/// A number, how it was found and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The number.
    pub value: u64,
    /// How it was found.
    pub path: Path,
    /// How sure it is.
    pub certainty: Certainty,
}

impl Count {
    fn proved(value: u64, path: Path) -> Self {
        Self {
            value,
            path,
            certainty: Certainty::Proved,
        }
    }

    fn float(value: u64, certainty: Certainty) -> Self {
        Self {
            value,
            path: Path::Float,
            certainty,
        }
    }
}

/// All counts of an envelope. Parameters are counted: two places of one parameter range that share a point count twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Distinct zeros of E.
    pub cusps: Count,
    /// Cusps by order: simple ones (A2), swallowtails (A3), butterflies (A4) and so on; empty if only floats spoke.
    pub cusp_orders: Vec<usize>,
    /// Distinct zeros of W.
    pub points_at_infinity: Count,
    /// Distinct points of the line at infinity among them.
    pub directions_at_infinity: Count,
    /// Unordered pairs of parameters with one point, in the projective plane.
    pub nodes_projective: Count,
    /// Those of them at infinity.
    pub nodes_at_infinity: Count,
    /// Those of them in the plane.
    pub nodes_affine: Count,
    /// Unordered pairs of parameters with one line.
    pub bitangents: Count,
    /// Contacts with the unit circle.
    pub contacts_unit_circle: Count,
    /// Contacts with the second circle.
    pub contacts_second_circle: Count,
    /// Degree of the curve.
    pub degree: Count,
    /// Degree of the dual curve.
    pub class: Count,
}

/// What is asked of [`count`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effort {
    /// Formulas where they hold, whole-number algebra while it is quick, floats for the rest.
    #[default]
    Automatic,
    /// Whole-number algebra and proofs in intervals wherever they have an answer, whatever they cost.
    Exact,
    /// Floats only.
    Float,
}

/// The answer of [`count`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The envelope's counts.
    Counts(Box<Counts>),
    /// There is no envelope to count.
    Degenerate(Degenerate),
}

/// Counts the envelope of a family.
pub fn count(parameters: &Parameters, effort: Effort) -> Answer {
    if let Some(reason) = degenerate(parameters) {
        return Answer::Degenerate(reason);
    }
    if parameters.is_one_circle() {
        return Answer::Counts(Box::new(closed::one_circle_counts(parameters.multiplier)));
    }
    let found = float_counts(&parameters.family());
    let mut counts = float::counts_of(&found);
    if effort == Effort::Exact || (effort == Effort::Automatic && !exact_limit_reached(parameters))
    {
        exact::improve(&mut counts, &found, parameters);
    }
    if effort != Effort::Float {
        closed::improve(&mut counts, parameters);
    }
    Answer::Counts(Box::new(counts))
}
