//! Reading a diff back, and refusing what is not exactly one.

use super::path::unquote;

/// A patch that cannot be read or does not fit.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatchError {
    /// The text is not a diff as git writes it.
    #[error("line {line} of the patch cannot be read: {problem}")]
    Malformed {
        /// Line of the patch, from 1.
        line: usize,
        /// What was expected there.
        problem: &'static str,
    },
    /// The file is not the one that the patch was made from.
    #[error("the patch does not fit {path}: line {line} differs from what the patch expects there")]
    Mismatch {
        /// The file.
        path: String,
        /// Line of the file, from 1.
        line: usize,
    },
    /// The patch changes a file that is not there.
    #[error("the patch changes {path}, which does not exist")]
    NoSuchFile {
        /// The file.
        path: String,
    },
    /// One file was given for a patch of several, or of none.
    #[error("the patch changes {count} files where exactly one was expected")]
    NotOneFile {
        /// How many it changes.
        count: usize,
    },
}

/// What a patch does to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePatch {
    /// The file, below the root, with `/`.
    pub path: String,
    pub(super) hunks: Vec<Hunk>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hunk {
    /// First line of the old text, from 0.
    pub(super) old_start: usize,
    /// First line of the new text, from 0.
    pub(super) new_start: usize,
    pub(super) lines: Vec<Line>,
}

/// A line of a hunk with its newline, if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) mark: char,
    pub(super) text: String,
}

/// Reads a patch of any number of files.
pub fn parse(patch: &str) -> Result<Vec<FilePatch>, PatchError> {
    let mut reader = Reader {
        lines: patch.split_inclusive('\n').collect(),
        at: 0,
    };
    let mut files = Vec::new();
    while reader.peek().is_some() {
        files.push(reader.file()?);
    }
    Ok(files)
}

struct Reader<'a> {
    lines: Vec<&'a str>,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.lines.get(self.at).copied()
    }

    fn fail<T>(&self, problem: &'static str) -> Result<T, PatchError> {
        Err(PatchError::Malformed {
            line: self.at + 1,
            problem,
        })
    }

    fn header(&mut self, start: &str, problem: &'static str) -> Result<&'a str, PatchError> {
        match self
            .peek()
            .and_then(|line| line.strip_prefix(start)?.strip_suffix('\n'))
        {
            Some(rest) => {
                self.at += 1;
                Ok(rest)
            }
            None => self.fail(problem),
        }
    }

    fn file(&mut self) -> Result<FilePatch, PatchError> {
        self.header("diff --git ", "expected `diff --git`")?;
        if self.peek().is_some_and(|line| line.starts_with("index ")) {
            self.at += 1;
        }
        let old = self.header("--- ", "expected `--- a/FILE`")?;
        let new = self.header("+++ ", "expected `+++ b/FILE`")?;
        let path = match (unquote(old, 'a'), unquote(new, 'b')) {
            (Some(old), Some(new)) if old == new => old,
            _ => return self.fail("expected the same file on both sides"),
        };
        let mut hunks = Vec::new();
        while self.peek().is_some_and(|line| line.starts_with("@@ ")) {
            hunks.push(self.hunk()?);
        }
        if hunks.is_empty() {
            return self.fail("expected a hunk");
        }
        Ok(FilePatch { path, hunks })
    }

    fn hunk(&mut self) -> Result<Hunk, PatchError> {
        let header = self.header("@@ -", "expected `@@ -`")?;
        let spans = header
            .split_once(" @@")
            .and_then(|(spans, _)| spans.split_once(" +"))
            .and_then(|(old, new)| Some((read_span(old)?, read_span(new)?)));
        let Some(((old_start, mut old_left), (new_start, mut new_left))) = spans else {
            self.at -= 1;
            return self.fail("expected `@@ -start,length +start,length @@`");
        };
        let mut lines = Vec::new();
        while old_left > 0 || new_left > 0 {
            let line = self.line()?;
            let (old, new) = (usize::from(line.mark != '+'), usize::from(line.mark != '-'));
            if old > old_left || new > new_left {
                self.at -= 1;
                return self.fail("more lines than the hunk's header says");
            }
            old_left -= old;
            new_left -= new;
            lines.push(line);
        }
        Ok(Hunk {
            old_start,
            new_start,
            lines,
        })
    }

    fn line(&mut self) -> Result<Line, PatchError> {
        let Some(line) = self.peek() else {
            return self.fail("fewer lines than the hunk's header says");
        };
        let Some((mark @ (' ' | '-' | '+'), text)) = line
            .chars()
            .next()
            .map(|mark| (mark, &line[mark.len_utf8()..]))
        else {
            return self.fail("expected a line that begins with a space, `-` or `+`");
        };
        let Some(text) = text.strip_suffix('\n') else {
            return self.fail("the last line is cut off");
        };
        self.at += 1;
        if self.peek().is_some_and(|next| next.starts_with("\\ ")) {
            self.at += 1;
            return Ok(Line {
                mark,
                text: text.to_owned(),
            });
        }
        Ok(Line {
            mark,
            text: format!("{text}\n"),
        })
    }
}

/// `start,length` or `start`; gives the first line from 0.
fn read_span(span: &str) -> Option<(usize, usize)> {
    let (start, length) = match span.split_once(',') {
        Some((start, length)) => (start.parse::<usize>().ok()?, length.parse().ok()?),
        None => (span.parse().ok()?, 1),
    };
    let start = if length == 0 {
        start
    } else {
        start.checked_sub(1)?
    };
    Some((start, length))
}
