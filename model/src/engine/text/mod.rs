//! From tokens to the text that a client sees.

mod stop;
mod utf8;

pub use stop::{StopStrings, Stopped};
pub use utf8::Utf8Stream;
