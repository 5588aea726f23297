//! Writing and reading the files of a repository: the one place that decides what may lie in a tree.
//!
//! Whatever the source, files pass through a [`TreeWriter`]. It admits only clean relative paths, makes
//! links last (so nothing is ever written through one), gives every file the mode 644 or 755 and one date,
//! and knows the digest of what it wrote.

mod digest;
mod path;
mod writer;

pub(crate) use digest::sha256_of;
pub use digest::tree_digest;
pub use path::{PathProblem, clean_path};
pub use writer::{Left, TreeWriter, Written};

/// The date of every file and commit that swemill makes, in seconds since 1970: 2000-01-01 UTC.
/// One date, because bytecode caches compare it; not 1980, which is 1979 west of Greenwich, and zip files
/// (so wheels built from the tree) cannot say 1979.
pub const DATE: i64 = 946_684_800;
