//! What any server of this workspace needs of HTTP, whatever form its errors have: bounded bodies and keys.

mod body;
mod key;

pub use body::{BodyError, read_body};
pub use key::{Key, Shown};
