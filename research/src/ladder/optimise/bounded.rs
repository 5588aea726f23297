//! The projected quasi-Newton method.

use super::cholesky::{Matrix, solve};
use super::line_search::Line;
use super::{Bounds, Ending, Minimum, Objective, Stop};

/// Looks for a local minimum of `objective` within `bounds`, from the allowed point nearest to `start`.
pub(crate) fn minimise<const P: usize>(
    objective: &impl Objective<P>,
    start: &[f64; P],
    bounds: &Bounds<P>,
    stop: Stop,
) -> Minimum<P> {
    let mut x = bounds.clamp(start);
    let (mut value, mut gradient) = objective.evaluate(&x);
    let mut hessian: Option<Matrix<P>> = None;
    let mut iterations = 0;
    let ending = loop {
        if !value.is_finite() {
            break Ending::Stalled;
        }
        if projected(&x, &gradient, bounds) <= stop.gradient {
            break Ending::Converged;
        }
        if iterations >= stop.iterations {
            break Ending::Exhausted;
        }
        iterations += 1;
        let direction = direction(hessian.as_ref(), &x, &gradient, bounds);
        let line = Line {
            objective,
            start: &x,
            value,
            slope: dot(&gradient, &direction),
            direction: &direction,
        };
        // Without a matrix the direction's length means nothing.
        let first = if hessian.is_some() {
            1.0
        } else {
            1.0 / dot(&direction, &direction).sqrt().max(1.0)
        };
        let longest = longest_step(&x, &direction, bounds);
        let Some(trial) = line.search(first, longest) else {
            // A matrix that has gone astray is forgotten once; the gradient alone has the last word.
            if hessian.take().is_some() {
                continue;
            }
            break Ending::Stalled;
        };
        let mut next = bounds.clamp(&trial.x);
        if trial.step >= longest {
            snap(&mut next, &direction, bounds);
        }
        let moved = std::array::from_fn(|i| next[i] - x[i]);
        let changed = std::array::from_fn(|i| trial.gradient[i] - gradient[i]);
        update(&mut hessian, &moved, &changed);
        (x, value, gradient) = (next, trial.value, trial.gradient);
    };
    Minimum {
        x,
        value,
        gradient: projected(&x, &gradient, bounds),
        iterations,
        ending,
    }
}

fn dot<const P: usize>(left: &[f64; P], right: &[f64; P]) -> f64 {
    (0..P).map(|i| left[i] * right[i]).sum()
}

/// The largest component of the step to which the bounds cut a step down the gradient.
fn projected<const P: usize>(x: &[f64; P], gradient: &[f64; P], bounds: &Bounds<P>) -> f64 {
    let target = bounds.clamp(&std::array::from_fn(|i| x[i] - gradient[i]));
    (0..P).fold(0.0, |most, i| f64::max(most, (target[i] - x[i]).abs()))
}

/// Whether a step of sign `sign` would take parameter `i` over a bound that it sits on.
fn is_held<const P: usize>(x: &[f64; P], i: usize, sign: f64, bounds: &Bounds<P>) -> bool {
    (sign < 0.0 && x[i] <= bounds.lower[i]) || (sign > 0.0 && x[i] >= bounds.upper[i])
}

/// The quasi-Newton direction over the variables that no bound holds, else down the gradient.
fn direction<const P: usize>(
    hessian: Option<&Matrix<P>>,
    x: &[f64; P],
    gradient: &[f64; P],
    bounds: &Bounds<P>,
) -> [f64; P] {
    let downhill: [f64; P] = std::array::from_fn(|i| -gradient[i]);
    let mut free: [bool; P] = std::array::from_fn(|i| !is_held(x, i, downhill[i], bounds));
    let steepest = std::array::from_fn(|i| if free[i] { downhill[i] } else { 0.0 });
    let Some(hessian) = hessian else {
        return steepest;
    };
    // The matrix couples the variables: one that the gradient leaves free may still be pushed over its bound.
    while free.contains(&true) {
        let Some(direction) = solve(hessian, &downhill, &free) else {
            break;
        };
        let pushed: [bool; P] =
            std::array::from_fn(|i| free[i] && is_held(x, i, direction[i], bounds));
        if !pushed.contains(&true) {
            let descends = dot(&direction, gradient) < 0.0;
            return if descends { direction } else { steepest };
        }
        for i in 0..P {
            free[i] &= !pushed[i];
        }
    }
    steepest
}

/// How far `x` can go along `direction` until the first bound.
fn longest_step<const P: usize>(x: &[f64; P], direction: &[f64; P], bounds: &Bounds<P>) -> f64 {
    (0..P).fold(f64::INFINITY, |longest, i| {
        let room = if direction[i] < 0.0 {
            bounds.lower[i] - x[i]
        } else {
            bounds.upper[i] - x[i]
        };
        if direction[i] == 0.0 {
            longest
        } else {
            longest.min(room / direction[i])
        }
    })
}

/// Puts the parameters that have come within rounding of the bound they went to onto it.
fn snap<const P: usize>(x: &mut [f64; P], direction: &[f64; P], bounds: &Bounds<P>) {
    for i in 0..P {
        let bound = if direction[i] < 0.0 {
            bounds.lower[i]
        } else {
            bounds.upper[i]
        };
        let is_reached = bound.is_finite() && direction[i] != 0.0;
        if is_reached && (x[i] - bound).abs() <= 1e-12 * bound.abs().max(1.0) {
            x[i] = bound;
        }
    }
}

/// The BFGS update, left out where the curvature along the step is not positive.
fn update<const P: usize>(hessian: &mut Option<Matrix<P>>, moved: &[f64; P], changed: &[f64; P]) {
    let curvature = dot(moved, changed);
    let least = 1e-12 * dot(moved, moved).sqrt() * dot(changed, changed).sqrt();
    if curvature <= least || curvature.is_nan() {
        return;
    }
    // The first matrix is the identity, scaled to the curvature just seen.
    let matrix = hessian.get_or_insert_with(|| {
        let scale = dot(changed, changed) / curvature;
        std::array::from_fn(|i| std::array::from_fn(|j| if i == j { scale } else { 0.0 }))
    });
    let image: [f64; P] = std::array::from_fn(|i| dot(&matrix[i], moved));
    let old = dot(moved, &image);
    for i in 0..P {
        for j in 0..P {
            matrix[i][j] += changed[i] * changed[j] / curvature - image[i] * image[j] / old;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::PAPER;
    use super::*;

    const FREE: Bounds<2> = Bounds {
        lower: [f64::NEG_INFINITY; 2],
        upper: [f64::INFINITY; 2],
    };

    /// Rosenbrock's valley: the minimum is at (1, 1).
    fn valley(x: &[f64; 2]) -> (f64, [f64; 2]) {
        let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
        let gradient = [-2.0 * a - 400.0 * x[0] * b, 200.0 * b];
        (a * a + 100.0 * b * b, gradient)
    }

    #[test]
    fn a_curved_valley_is_followed_to_its_minimum() {
        let minimum = minimise(&valley, &[-1.2, 1.0], &FREE, PAPER);
        assert_eq!(minimum.ending, Ending::Converged);
        assert!((minimum.x[0] - 1.0).abs() < 1e-8 && (minimum.x[1] - 1.0).abs() < 1e-8);
        assert!(minimum.iterations < 60, "{}", minimum.iterations);
    }

    #[test]
    fn a_bound_in_the_way_holds_the_minimum() {
        // On x = 0.5 the valley's floor is at y = 0.25; the gradient by x still points over the bound.
        let bounds = Bounds {
            upper: [0.5, f64::INFINITY],
            ..FREE
        };
        let minimum = minimise(&valley, &[-1.2, 1.0], &bounds, PAPER);
        assert_eq!(minimum.ending, Ending::Converged);
        assert!((minimum.x[0] - 0.5).abs() < 1e-15, "{:?}", minimum.x);
        assert!((minimum.x[1] - 0.25).abs() < 1e-9, "{:?}", minimum.x);
    }

    #[test]
    fn a_start_at_the_wrong_bound_is_left_again() {
        let bounds = Bounds {
            lower: [-2.0, 0.0],
            upper: [2.0, 3.0],
        };
        let minimum = minimise(&valley, &[-2.0, 0.0], &bounds, PAPER);
        assert!((minimum.x[0] - 1.0).abs() < 1e-8, "{minimum:?}");
    }

    #[test]
    fn badly_scaled_parameters_do_not_hurt() {
        let bowl = |x: &[f64; 2]| {
            let (a, b) = (x[0] - 3.0, 1e4 * (x[1] - 1e-3) + x[0] - 3.0);
            (a * a + b * b, [2.0 * a + 2.0 * b, 2e4 * b])
        };
        let minimum = minimise(&bowl, &[0.0, 0.0], &FREE, PAPER);
        assert!((minimum.x[0] - 3.0).abs() < 1e-8, "{minimum:?}");
        assert!((minimum.x[1] - 1e-3).abs() < 1e-12, "{minimum:?}");
    }

    #[test]
    fn a_function_without_a_minimum_ends_all_the_same() {
        let slope = |x: &[f64; 1]| ((-x[0]).exp(), [-(-x[0]).exp()]);
        let bounds = Bounds {
            lower: [0.0],
            upper: [f64::INFINITY],
        };
        assert!(minimise(&slope, &[0.0], &bounds, PAPER).value < 1e-9);
    }

    #[test]
    fn a_start_without_a_value_is_given_back() {
        let nowhere = |_: &[f64; 1]| (f64::NAN, [f64::NAN]);
        let bounds = Bounds {
            lower: [0.0],
            upper: [1.0],
        };
        let minimum = minimise(&nowhere, &[0.5], &bounds, PAPER);
        assert_eq!(minimum.ending, Ending::Stalled);
    }
}
