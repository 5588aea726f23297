//! Where repositories come from: git, sdists of a package index, plain folders; and under which licence.
//!
//! A [`Source`] is what a user names. A [`Fetcher`] turns it into a [`Repository`]: plain files in a folder,
//! pinned to one commit, with a digest, a version and a licence. Nothing of a source is ever run here, and
//! whatever an archive or a repository holds, nothing is written outside the folder it was asked to fill.
//!
//! Reading order: [`spec`] is what a user writes, [`fetcher`] the way from there to a [`repository`];
//! [`git`], [`pypi`] and [`folder`] are its three roads, all of which write through [`tree`], the one place
//! that decides what a path, a mode and a link may be. [`archive`] reads sdists, [`index`] talks to package
//! indexes under the [`settings`] of pip and uv, [`commit`] makes repositories of one orphan commit,
//! [`licence`] detects and gates, [`python`] asks whether it is Python at all. [`limits`] bounds all of it
//! and [`error`] says what went wrong and what to do.

pub mod archive;
pub mod commit;
pub mod error;
pub mod fetcher;
pub mod folder;
pub mod git;
pub mod index;
pub mod licence;
pub mod limits;
pub mod metadata;
pub mod pypi;
pub mod python;
pub mod redact;
pub mod repository;
pub mod settings;
pub mod spec;
pub mod tree;

pub use commit::write_repository;
pub use error::{Error, Result};
pub use fetcher::Fetcher;
pub use licence::{Licence, LicencePolicy};
pub use limits::Limits;
pub use python::require_python;
pub use repository::Repository;
pub use settings::Settings;
pub use spec::Source;
pub use tree::tree_digest;
