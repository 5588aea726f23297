//! Pictures of envelopes: one envelope with its chords, strips through a transition, slices of the plane of centres,
//! the diagram of radius and parameter for concentric circles, and the ruled surface of swallowtails.

mod atlas;
mod curve;
mod diagram;
mod envelope;
mod palette;
mod slice;
mod strip;
mod surface;

pub use atlas::atlas;
pub use diagram::diagram;
pub use envelope::{EnvelopePicture, draw_envelope};
pub use slice::draw_slice;
pub use strip::{Strip, draw_strip};
pub use surface::draw_surface;
