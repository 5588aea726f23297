//! Self-intersections of an envelope, at infinity too.
//!
//! The point `N = l x l'` and the line `l` are followed as unit vectors on the sphere. Between cusps the envelope never
//! bends back, so that a short arc lies in the triangle of its two ends and the meeting point of its end tangents:
//! pairs of arcs whose triangles are apart are dropped, the others are cut until their tangents point in different
//! directions, where they meet at most once and Newton's method decides.
//!
//! Near the diagonal nothing is searched: if an arc turns less than half a turn and has at most one cusp, it does not
//! meet itself (the integral of the signed radius times the direction cannot vanish).

mod arcs;
mod search;

pub use search::{Node, Nodes, self_intersections};
