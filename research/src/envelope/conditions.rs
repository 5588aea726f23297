//! The functions of `u` whose zeros are what we count.
//!
//! With `P = exp(iqu)`, `Q = c + r exp(ipu)` and `D = Q - P`, the line of the family at `u` is
//! `l1 x + l2 y + l3 = 0` with `l = (-Im D, Re D, -Q x P)`, and it touches the envelope at `Z = P - (A1 / W) D`.

use super::laurent::{Laurent, Scalar};

/// Trigonometric polynomials of one family, over floats or rationals.
#[derive(Clone, Debug)]
pub struct Conditions<T> {
    /// `l1, l2, l3` of the line.
    pub line: [Laurent<T>; 3],
    /// `D = Q - P`, complex; zero where the two points coincide.
    pub chord: Laurent<T>,
    /// `W = D x D'`, zero where the envelope is at infinity.
    pub infinity: Laurent<T>,
    /// `A1 = D x P'`, zero where the envelope touches the unit circle.
    pub first_contact: Laurent<T>,
    /// `D x Q'`, zero where it touches the second circle.
    pub second_contact: Laurent<T>,
    /// `E = det(l, l', l'')`, zero at cusps.
    pub cusp: Laurent<T>,
}

impl<T: Scalar> Conditions<T> {
    /// The conditions of the family with multiplier `p/q`, radius `r` and centre `(a, b)`.
    pub fn new(p: i64, q: i64, a: &T, b: &T, r: &T) -> Self {
        let point = Laurent::term(q, T::whole(1), T::whole(0));
        let second = second_point(p, a, b, r);
        let chord = second.clone() - point.clone();
        let (d1, p1, q1) = (chord.derivative(), point.derivative(), second.derivative());
        let (d2, p2) = (d1.derivative(), p1.derivative());
        let infinity = chord.cross(&d1);
        let first_contact = chord.cross(&p1);
        // E = A1 A2 - W A3, which is det(l, l', l'') written out.
        let a2 = chord.cross(&d2);
        let turn = d1.cross(&p1);
        let a3 = turn.clone() + turn + chord.cross(&p2);
        let cusp = &first_contact * &a2 - &infinity * &a3;
        Self {
            line: [
                Laurent::term(0, T::whole(0), T::whole(0)) - chord.imaginary(),
                chord.real(),
                point.cross(&second),
            ],
            second_contact: chord.cross(&q1),
            chord,
            infinity,
            first_contact,
            cusp,
        }
    }
}

/// The point `Q(u)` on the second circle.
pub(super) fn second_point<T: Scalar>(p: i64, a: &T, b: &T, r: &T) -> Laurent<T> {
    Laurent::term(0, a.clone(), b.clone()) + Laurent::term(p, r.clone(), T::whole(0))
}
