//! Counts by formula.

use super::{Count, Counts, Path};
use crate::envelope::closed_form::{concentric, one_circle};
use crate::envelope::parameters::{Multiplier, Parameters};

/// All counts of one circle.
pub(super) fn one_circle_counts(multiplier: Multiplier) -> Counts {
    let known = one_circle(multiplier);
    let proved = |value| Count::proved(value, Path::ClosedForm);
    let contacts = proved(multiplier.difference().unsigned_abs());
    let cusps = usize::try_from(known.cusps).unwrap_or(usize::MAX);
    Counts {
        cusps: proved(known.cusps),
        cusp_orders: if cusps > 0 { vec![cusps] } else { Vec::new() },
        points_at_infinity: proved(0),
        directions_at_infinity: proved(0),
        nodes_projective: proved(known.nodes),
        nodes_at_infinity: proved(0),
        nodes_affine: proved(known.nodes),
        bitangents: proved(known.bitangents),
        contacts_unit_circle: contacts,
        contacts_second_circle: contacts,
        degree: proved(known.degree),
        class: proved(known.class),
    }
}

/// Replaces what has a formula for concentric circles.
pub(super) fn improve(counts: &mut Counts, parameters: &Parameters) {
    let Some(known) = concentric(parameters) else {
        return;
    };
    let proved = |value| Count::proved(value, Path::ClosedForm);
    let orders = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    counts.cusps = proved(known.cusps);
    counts.cusp_orders = vec![orders(known.cusps - known.butterflies)];
    if known.butterflies > 0 {
        counts.cusp_orders.extend([0, orders(known.butterflies)]);
    }
    counts.points_at_infinity = proved(known.infinity);
    counts.directions_at_infinity = proved(known.directions);
    counts.contacts_unit_circle = proved(known.first_contacts);
    counts.contacts_second_circle = proved(known.second_contacts);
}
