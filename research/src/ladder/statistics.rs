//! The few statistics that the analyses need.

/// The arithmetic mean; NaN of nothing.
#[expect(clippy::cast_precision_loss, reason = "a count of values")]
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The standard deviation of the values themselves (divided by their number, not one less).
pub(crate) fn population_deviation(values: &[f64]) -> f64 {
    let centre = mean(values);
    let squares: Vec<f64> = values
        .iter()
        .map(|value| (value - centre).powi(2))
        .collect();
    mean(&squares).sqrt()
}

/// The value below which a share of sorted values lies, interpolated between neighbours.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in a list"
)]
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let place = share.clamp(0.0, 1.0) * last as f64;
    let low = place.floor() as usize;
    let high = (low + 1).min(last);
    let part = place - low as f64;
    sorted[low] * (1.0 - part) + sorted[high] * part
}

/// Pearson's r of pairs, with the two-sided p of r = 0 under normality; nothing where it is not defined.
#[expect(clippy::cast_precision_loss, reason = "a count of values")]
pub(crate) fn pearson(left: &[f64], right: &[f64]) -> Option<(f64, f64)> {
    let (a, b) = (mean(left), mean(right));
    let product = |x: &[f64], cx: f64, y: &[f64], cy: f64| -> f64 {
        x.iter().zip(y).map(|(x, y)| (x - cx) * (y - cy)).sum()
    };
    let spread = product(left, a, left, a) * product(right, b, right, b);
    if left.len() < 3 || spread <= 0.0 || spread.is_nan() {
        return None;
    }
    let r = (product(left, a, right, b) / spread.sqrt()).clamp(-1.0, 1.0);
    // t² / (ν + t²) = r², so the tail of Student's t is an incomplete beta function of 1 − r².
    let freedom = (left.len() - 2) as f64;
    Some((r, incomplete_beta(0.5 * freedom, 0.5, 1.0 - r * r)))
}

/// The regularised incomplete beta function `I_x(a, b)`, by its continued fraction (Abramowitz and Stegun 26.5.8).
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    // The fraction converges fast below the mean of the distribution; beyond it, the mirror image does.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let log_front = log_gamma(a + b) - log_gamma(a) - log_gamma(b);
    let front = (log_front + a * x.ln() + b * (1.0 - x).ln()).exp() / a;
    let coefficient = |index: u32| {
        let m = f64::from(index / 2);
        if index.is_multiple_of(2) {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        }
    };
    // From the inside out: at x below the mean, sixty terms are exact to rounding.
    let fraction = (1..=60)
        .rev()
        .fold(1.0, |tail, index| 1.0 + coefficient(index) / tail);
    front / fraction
}

/// ln Γ(x) for x > 0: Stirling's series after moving x beyond 10.
fn log_gamma(x: f64) -> f64 {
    let mut x = x;
    let mut shift = 0.0;
    while x < 10.0 {
        shift += x.ln();
        x += 1.0;
    }
    let inverse = 1.0 / (x * x);
    let series =
        (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse * (1.0 / 1260.0 - inverse / 1680.0))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series - shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gamma_and_beta_functions_have_their_known_values() {
        assert!((log_gamma(0.5) - 0.5 * std::f64::consts::PI.ln()).abs() < 1e-12);
        assert!((log_gamma(5.0) - 24.0_f64.ln()).abs() < 1e-12);
        // I_x(1/2, 1/2) = 2/π · arcsin √x, and I_x(a, 1) = x^a.
        let arc = 2.0 / std::f64::consts::PI * 0.3_f64.sqrt().asin();
        assert!((incomplete_beta(0.5, 0.5, 0.3) - arc).abs() < 1e-12);
        assert!((incomplete_beta(4.0, 1.0, 0.9) - 0.9_f64.powi(4)).abs() < 1e-12);
    }

    #[test]
    fn correlation_and_its_p_value_agree_with_an_independent_computation() {
        let left = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let right = [2.0, 1.0, 4.0, 3.0, 7.0, 5.0];
        // scipy.stats.pearsonr 1.17.1
        let (r, p) = pearson(&left, &right).unwrap();
        assert!((r - 0.791_794_654_889).abs() < 1e-9, "{r}");
        assert!((p - 0.060_511_403_363).abs() < 1e-9, "{p}");
    }

    #[test]
    fn correlation_with_a_constant_is_not_defined() {
        assert!(pearson(&[1.0, 2.0, 3.0], &[5.0; 3]).is_none());
        assert!(pearson(&[1.0, 2.0], &[1.0, 3.0]).is_none());
    }

    #[test]
    fn quantiles_interpolate_between_neighbours() {
        let sorted = [0.0, 1.0, 2.0, 3.0, 4.0];
        assert!((quantile(&sorted, 0.05) - 0.2).abs() < 1e-12);
        assert!((quantile(&sorted, 1.0) - 4.0).abs() < 1e-12);
        assert!((quantile(&[7.0], 0.3) - 7.0).abs() < 1e-12);
    }
}
