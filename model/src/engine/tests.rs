//! The engine as a whole, over the arithmetic stand-in.

mod accounting;
mod decoder;
mod faults;
mod sameness;
mod scheduling;
