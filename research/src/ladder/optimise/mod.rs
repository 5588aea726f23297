//! Minimising a smooth function of a few bounded parameters.
//!
//! The fits of a ladder have three to seven parameters, most of them bounded, and a gradient in closed form. The
//! paper uses `SciPy`'s L-BFGS-B. The optimiser crates that are well kept have quasi-Newton methods without bounds or
//! bounded methods without gradients, so here is the small one that is needed: a quasi-Newton method on the
//! variables that no bound holds (Bertsekas, Projected Newton methods, SIAM J. Control Optim. 20, 1982), with the
//! whole BFGS matrix, since a limited memory saves nothing at seven parameters, and a line search that ends in the
//! strong Wolfe conditions or at a bound.

mod bounded;
mod cholesky;
mod line_search;

pub(crate) use bounded::minimise;
pub(crate) use cholesky::{Matrix, solve};

/// A function to minimise, with its gradient.
pub(crate) trait Objective<const P: usize> {
    /// The value at `x`, and its derivatives by every parameter. A point outside the function's domain has the value
    /// infinity; the gradient is then not looked at.
    fn evaluate(&self, x: &[f64; P]) -> (f64, [f64; P]);
}

impl<const P: usize, F: Fn(&[f64; P]) -> (f64, [f64; P])> Objective<P> for F {
    fn evaluate(&self, x: &[f64; P]) -> (f64, [f64; P]) {
        self(x)
    }
}

/// Where each parameter may go; infinite where it is free.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds<const P: usize> {
    /// The least allowed values.
    pub(crate) lower: [f64; P],
    /// The greatest allowed values.
    pub(crate) upper: [f64; P],
}

impl<const P: usize> Bounds<P> {
    /// The allowed point nearest to `x`.
    pub(crate) fn clamp(&self, x: &[f64; P]) -> [f64; P] {
        std::array::from_fn(|i| x[i].max(self.lower[i]).min(self.upper[i]))
    }
}

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stop {
    /// Stop when no component of the projected gradient is greater.
    pub(crate) gradient: f64,
    /// Stop after so many iterations.
    pub(crate) iterations: usize,
}

/// The published fits stop at a projected gradient of 1e-10.
pub(crate) const PAPER: Stop = Stop {
    gradient: 1e-10,
    iterations: 10_000,
};

/// Why a minimisation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The projected gradient is as small as was asked.
    Converged,
    /// No step lowers the value any more: the precision of the arithmetic is reached.
    Stalled,
    /// The iterations are used up.
    Exhausted,
}

/// Where a minimisation ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Minimum<const P: usize> {
    /// The parameters.
    pub(crate) x: [f64; P],
    /// The value there.
    pub(crate) value: f64,
    /// The largest component of the projected gradient.
    pub(crate) gradient: f64,
    /// Iterations taken.
    pub(crate) iterations: usize,
    /// Why it ended.
    pub(crate) ending: Ending,
}
