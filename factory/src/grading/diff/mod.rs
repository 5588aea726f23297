//! Diffs as agents hand them in: read with the tolerance of `git apply` and `patch`, applied to bytes in memory.
//!
//! The mutation crate has a module of its own for the diffs that swemill writes, which is strict. Here the text
//! comes from anywhere: nothing in it is believed, and nothing but memory is touched.

mod apply;
mod name;
mod parse;

#[cfg(test)]
mod tests;

pub use apply::{Misfit, apply};
pub use parse::{Unreadable, parse};

/// What a diff does to one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileDiff {
    /// The file before; `None` when it is new.
    pub old: Option<String>,
    /// The file after; `None` when it is deleted.
    pub new: Option<String>,
    /// Whether the old file stays beside the new one.
    pub is_copy: bool,
    /// The file's kind and rights before, as git writes them in octal, where the diff tells them.
    pub old_mode: Option<u32>,
    /// The same after.
    pub new_mode: Option<u32>,
    /// Whether its content is not shown as lines.
    pub is_binary: bool,
    /// Stretches of lines.
    pub hunks: Vec<Hunk>,
}

/// A stretch of lines that changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hunk {
    /// The first line before, from 1; 0 for an empty file.
    pub old_start: usize,
    /// Lines, as they stand in the diff.
    pub lines: Vec<Line>,
}

/// A line of a hunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whether it stays, goes or comes.
    pub mark: Mark,
    /// Its text, with its newline if it has one.
    pub text: String,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It stays.
    Context,
    /// It goes.
    Removed,
    /// It comes.
    Added,
}

impl FileDiff {
    /// The path by which the file is spoken of.
    pub fn path(&self) -> &str {
        self.new
            .as_deref()
            .or(self.old.as_deref())
            .unwrap_or_default()
    }

    /// Whether it is the same file under another name.
    pub fn is_rename(&self) -> bool {
        self.old.is_some() && self.new.is_some() && self.old != self.new && !self.is_copy
    }
}
