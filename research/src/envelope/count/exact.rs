//! Counts by whole-number algebra.

use super::{Count, Counts, Path};
use crate::envelope::conditions::Conditions;
use crate::envelope::exact::multiplicities;
use crate::envelope::exact::polynomial::from_trigonometric;
use crate::envelope::exact::sturm::greatest_common_divisor;
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

/// Replaces every count that whole-number algebra can give.
pub(super) fn improve(counts: &mut Counts, parameters: &Parameters) {
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
    if let Some(zeros) = multiplicities(&conditions.cusp) {
        counts.cusps = proved(zeros.distinct());
        counts.cusp_orders = zeros.0;
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
}
