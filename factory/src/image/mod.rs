//! Base images made on this machine, where no registry of images can be reached.
//!
//! [`bootstrap`] has debootstrap fill a folder, removes what differs from one time to the next, and stores the
//! rest as an image of one layer.

pub mod bootstrap;
mod release;
mod settle;

pub use bootstrap::{Bootstrap, bootstrap};
