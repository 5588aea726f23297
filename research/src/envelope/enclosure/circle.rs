//! `exp(iu)` and its powers, enclosed without trusting any library's sine.

use super::interval::Interval;

/// The cosine and sine of a multiple of an angle.
pub(super) type Turn = (Interval, Interval);

/// Terms of the series: the first one left out is below `0.45^24 / 24! < 1e-32`.
const TERMS: u32 = 12;
/// Angles are halved this often before the series, and doubled as often after it.
const HALVINGS: u32 = 4;

/// `(cos ku, sin ku)` for k from 0 to `highest`; the angle must be within 7 of zero.
pub(super) fn turns(u: f64, highest: usize) -> Vec<Turn> {
    let mut powers = Vec::with_capacity(highest + 1);
    powers.push((Interval::point(1.0), Interval::point(0.0)));
    if highest > 0 {
        powers.push(turn(u));
    }
    // Products of halves: every product may widen an interval by half, so that there must be few in a row.
    for k in 2..=highest {
        powers.push(product(powers[k / 2], powers[k - k / 2]));
    }
    powers
}

fn turn(u: f64) -> Turn {
    // Dividing by a power of two is exact.
    let small = Interval::point(u / 2.0_f64.powi(4));
    let square = small * small;
    let (mut cosine, mut sine) = (Interval::point(1.0), Interval::point(1.0));
    // From the last term inwards: 1 - x^2/(1 2) (1 - x^2/(3 4) (..)), and the like for the sine.
    for k in (1..=TERMS).rev() {
        let k = f64::from(k);
        let term = |divisor: f64| square / Interval::point(divisor);
        cosine = Interval::point(1.0) - term((2.0 * k - 1.0) * (2.0 * k)) * cosine;
        sine = Interval::point(1.0) - term((2.0 * k) * (2.0 * k + 1.0)) * sine;
    }
    let rest = Interval::within(1e-30);
    let mut turned = (cosine + rest, small * sine + rest);
    for _ in 0..HALVINGS {
        turned = product(turned, turned);
    }
    turned
}

fn product(one: Turn, other: Turn) -> Turn {
    (
        one.0 * other.0 - one.1 * other.1,
        one.0 * other.1 + one.1 * other.0,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosines_and_sines_are_enclosed_within_a_few_roundings() {
        for u in [0.0, 0.1, 1.0, 3.0, 6.3, -2.0] {
            for (k, (cosine, sine)) in (0_u8..).zip(turns(u, 200)) {
                let (s, c) = (f64::from(k) * u).sin_cos();
                let near = 1e-10;
                for (interval, value) in [(cosine, c), (sine, s)] {
                    let off = interval - Interval::point(value);
                    assert!(
                        off.magnitude() < near,
                        "{k} x {u}: {interval:?} for {value}"
                    );
                }
            }
        }
        let (cosine, sine) = turns(0.75, 1)[1];
        // cos 0.75 and sin 0.75 to more digits than a float has: 0.7316888688738209, 0.6816387600233341.
        assert!(
            !(cosine - Interval::point(0.731_688_868_873_820_9))
                .is_apart_from(Interval::within(2e-16))
        );
        assert!(
            !(sine - Interval::point(0.681_638_760_023_334_1))
                .is_apart_from(Interval::within(2e-16))
        );
    }
}
