//! Unified diffs as git writes them: built from edits, read back, applied and reversed, all strictly.

mod apply;
mod build;
mod parse;
mod path;

pub use apply::{apply, apply_tree, reverse};
pub(crate) use build::{Lines, render};
pub use parse::{FilePatch, PatchError, parse};

#[cfg(test)]
mod tests;
