//! How a singular point moves when the parameters do: gradients of E, and whether the family unfolds it versally.

use serde::Serialize;

use crate::envelope::family::Family;
use crate::envelope::linear::rank;
use crate::envelope::vector::{Vec3, cross, dot, unit};

/// A parameter of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Parameter {
    /// First coordinate of the centre.
    A,
    /// Second coordinate of the centre.
    B,
    /// Radius of the second circle.
    R,
}

/// All parameters, in the order of every gradient here.
pub const PARAMETERS: [Parameter; 3] = [Parameter::A, Parameter::B, Parameter::R];

/// Number of derivatives by `u` that are kept: up to the fourth, which classifying a butterfly needs.
const ORDERS: usize = 5;

/// Derivatives of a vector by `u`.
type Derivatives = [Vec3; ORDERS];

/// The line at `u`, and its change with a, b and r, with derivatives by `u`.
#[derive(Clone, Debug)]
pub struct Unfolding {
    line: Derivatives,
    changes: [Derivatives; 3],
}

/// The n-th derivative of (cos ku, sin ku).
fn turned(k: f64, u: f64, order: usize) -> (f64, f64) {
    let (sine, cosine) = (k * u).sin_cos();
    let factor = (0..order).fold(1.0, |power, _| power * k);
    match order % 4 {
        0 => (factor * cosine, factor * sine),
        1 => (-factor * sine, factor * cosine),
        2 => (-factor * cosine, -factor * sine),
        _ => (factor * sine, -factor * cosine),
    }
}

impl Unfolding {
    /// At one parameter of a family.
    pub fn new(family: &Family, u: f64) -> Self {
        let (p, q) = family.frequencies();
        let (a, b, r) = (family.a, family.b, family.r);
        let mut line = [[0.0; 3]; ORDERS];
        let mut changes = [[[0.0; 3]; ORDERS]; 3];
        for order in 0..ORDERS {
            let (cp, sp) = turned(p, u, order);
            let (cq, sq) = turned(q, u, order);
            let (_, sd) = turned(p - q, u, order);
            let constant = if order == 0 { 1.0 } else { 0.0 };
            changes[0][order] = [0.0, constant, -sq];
            changes[1][order] = [-constant, 0.0, cq];
            changes[2][order] = [-sp, cp, sd];
            line[order] = [
                sq - b * constant - r * sp,
                a * constant + r * cp - cq,
                r * sd + b * cq - a * sq,
            ];
        }
        Self { line, changes }
    }

    /// E and its derivative by `u`: `det(l, l', l'')` and `det(l, l', l''')`.
    pub fn cusp_function(&self) -> [f64; 2] {
        let [l, l1, l2, l3, _] = self.line;
        [determinant(l, l1, l2), determinant(l, l1, l3)]
    }

    /// Gradients by (a, b, r) of E and of its derivative by `u`.
    pub fn gradients(&self) -> [[f64; 3]; 2] {
        let [l, l1, l2, l3, _] = self.line;
        let by = |third: usize, last: Vec3| {
            self.changes.map(|change| {
                determinant(change[0], l1, last)
                    + determinant(l, change[1], last)
                    + determinant(l, l1, change[third])
            })
        };
        [by(2, l2), by(3, l3)]
    }

    /// The point of the envelope in homogeneous coordinates, of length one.
    pub fn point(&self) -> Vec3 {
        unit(cross(self.line[0], self.line[1]))
    }

    /// Size of `l x l'` against the sizes of both: zero where the envelope point is not determined.
    pub fn independence(&self) -> f64 {
        let [l, l1, ..] = self.line;
        let area = cross(l, l1);
        (dot(area, area) / (dot(l, l) * dot(l1, l1))).sqrt()
    }

    /// Whether a point of type `A_k` is unfolded versally by moving in the plane and changing some parameters:
    /// the Taylor coefficients `1, u, .., u^(k-1)` of all changes have rank k (constants included).
    pub fn is_versal(&self, k: usize, parameters: &[Parameter]) -> bool {
        let point = self.point();
        let other = if point[2].abs() > 0.5 {
            [1.0, 0.0, 0.0]
        } else {
            [0.0, 0.0, 1.0]
        };
        let first = unit(cross(point, other));
        let second = cross(point, first);
        let mut columns: Vec<[f64; ORDERS]> = vec![
            self.line.map(|line| dot(line, first)),
            self.line.map(|line| dot(line, second)),
        ];
        for parameter in parameters {
            columns.push(self.changes[*parameter as usize].map(|change| dot(change, point)));
        }
        let factorials = [1.0, 1.0, 2.0, 6.0, 24.0];
        let rows = (0..k.min(ORDERS)).map(|order| {
            let entries = columns
                .iter()
                .map(|column| column[order] / factorials[order]);
            let row: Vec<f64> = entries.collect();
            // Rows differ in size by powers of the frequencies.
            let size = row.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
            row.into_iter()
                .map(|x| if size > 0.0 { x / size } else { x })
                .collect()
        });
        rank(rows.collect(), 1e-9) == k
    }

    /// The smallest sets of parameters that unfold a point of type `A_k`; empty if not even all three do.
    pub fn unfolded_by(&self, k: usize) -> Vec<Vec<Parameter>> {
        for size in 0..=PARAMETERS.len() {
            let sets = (0..8_usize).filter(|set| set.count_ones() as usize == size);
            let sets = sets.map(|set| {
                let members = PARAMETERS.into_iter().enumerate();
                let members = members.filter(|(index, _)| set & (1 << index) != 0);
                members.map(|(_, parameter)| parameter).collect::<Vec<_>>()
            });
            let enough: Vec<_> = sets.filter(|set| self.is_versal(k, set)).collect();
            if !enough.is_empty() {
                return enough;
            }
        }
        Vec::new()
    }
}

fn determinant(a: Vec3, b: Vec3, c: Vec3) -> f64 {
    dot(a, cross(b, c))
}
