//! Reading a diff.

use super::name::{Side, both, unquote};
use super::{FileDiff, Hunk, Line, Mark};

/// Text that is no diff.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the patch cannot be read: {problem}")]
pub struct Unreadable {
    /// The line of the patch, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// Reads a diff of any number of files. Text around them (a mail's head, a commit's message) is passed over;
/// text without any file in it is an error, and so is a hunk that breaks off.
pub fn parse(patch: &str) -> Result<Vec<FileDiff>, Unreadable> {
    let mut reader = Reader {
        lines: patch.split_inclusive('\n').collect(),
        at: 0,
    };
    let mut files = Vec::new();
    while let Some(line) = reader.peek() {
        let next_is = |start: &str| {
            reader
                .lines
                .get(reader.at + 1)
                .is_some_and(|next| next.starts_with(start))
        };
        if line.starts_with("diff --git ") {
            files.push(reader.git_file()?);
        } else if line.starts_with("--- ") && next_is("+++ ") {
            let mut file = FileDiff::default();
            reader.names(&mut file)?;
            reader.hunks(&mut file)?;
            files.push(file);
        } else if line.starts_with("@@ -") {
            return Err(reader.unreadable("a hunk of no file"));
        } else {
            reader.at += 1;
        }
    }
    if files.is_empty() {
        return Err(Unreadable {
            line: 1,
            problem: "it is no diff of any file",
        });
    }
    Ok(files)
}

struct Reader<'p> {
    lines: Vec<&'p str>,
    at: usize,
}

impl<'p> Reader<'p> {
    fn peek(&self) -> Option<&'p str> {
        self.lines.get(self.at).copied()
    }

    fn unreadable(&self, problem: &'static str) -> Unreadable {
        Unreadable {
            line: self.at + 1,
            problem,
        }
    }

    /// A file with git's own header.
    fn git_file(&mut self) -> Result<FileDiff, Unreadable> {
        let header = self.lines[self.at];
        let name = both(&header["diff --git ".len()..]);
        let mut file = FileDiff {
            old: name.clone(),
            new: name,
            ..FileDiff::default()
        };
        self.at += 1;
        while let Some(line) = self.peek() {
            let mode = |text: &str| u32::from_str_radix(text.trim(), 8).ok();
            if let Some(text) = line.strip_prefix("old mode ") {
                file.old_mode = mode(text);
            } else if let Some(text) = line.strip_prefix("new mode ") {
                file.new_mode = mode(text);
            } else if let Some(text) = line.strip_prefix("new file mode ") {
                file.new_mode = mode(text);
                file.old = None;
            } else if let Some(text) = line.strip_prefix("deleted file mode ") {
                file.old_mode = mode(text);
                file.new = None;
            } else if let Some(text) = line.strip_prefix("rename from ") {
                file.old = self.name(text)?;
            } else if let Some(text) = line.strip_prefix("rename to ") {
                file.new = self.name(text)?;
            } else if let Some(text) = line.strip_prefix("copy from ") {
                file.old = self.name(text)?;
                file.is_copy = true;
            } else if let Some(text) = line.strip_prefix("copy to ") {
                file.new = self.name(text)?;
            } else if let Some(text) = line.strip_prefix("index ") {
                let unchanged = text.split_whitespace().nth(1).and_then(mode);
                file.new_mode = file.new_mode.or(unchanged);
            } else if line.starts_with("similarity index ")
                || line.starts_with("dissimilarity index ")
            {
            } else if line.starts_with("Binary files ") || line.starts_with("GIT binary patch") {
                file.is_binary = true;
                self.at += 1;
                self.skip_binary();
                return self.named(file);
            } else if line.starts_with("--- ") {
                self.names(&mut file)?;
                self.hunks(&mut file)?;
                return self.named(file);
            } else {
                break;
            }
            self.at += 1;
        }
        self.named(file)
    }

    fn named(&self, file: FileDiff) -> Result<FileDiff, Unreadable> {
        if file.old.is_none() && file.new.is_none() {
            return Err(self.unreadable("the file above has no name that can be read"));
        }
        Ok(file)
    }

    fn name(&self, text: &str) -> Result<Option<String>, Unreadable> {
        let name =
            unquote(text).ok_or_else(|| self.unreadable("a file's name is quoted wrongly"))?;
        Ok(Some(name))
    }

    /// The `---` and `+++` lines.
    fn names(&mut self, file: &mut FileDiff) -> Result<(), Unreadable> {
        let line = self.peek().unwrap_or_default();
        let old = Side::read(line.get(4..).unwrap_or_default())
            .ok_or_else(|| self.unreadable("a file's name cannot be read"))?;
        self.at += 1;
        let new = self
            .peek()
            .and_then(|line| line.strip_prefix("+++ "))
            .and_then(Side::read)
            .ok_or_else(|| self.unreadable("`+++` and a file's name are expected"))?;
        self.at += 1;
        (file.old, file.new) = (old.into_name(), new.into_name());
        Ok(())
    }

    fn hunks(&mut self, file: &mut FileDiff) -> Result<(), Unreadable> {
        while let Some(line) = self.peek() {
            let Some(header) = line.strip_prefix("@@ -") else {
                break;
            };
            let (old_start, old, new) =
                spans(header).ok_or_else(|| self.unreadable("a hunk's numbers cannot be read"))?;
            self.at += 1;
            let lines = self.hunk_lines(old, new)?;
            file.hunks.push(Hunk { old_start, lines });
        }
        Ok(())
    }

    fn hunk_lines(&mut self, mut old: usize, mut new: usize) -> Result<Vec<Line>, Unreadable> {
        let mut lines: Vec<Line> = Vec::new();
        while old > 0 || new > 0 {
            let line = self
                .peek()
                .ok_or_else(|| self.unreadable("the patch ends in a hunk"))?;
            let (mark, text) = match line.as_bytes().first() {
                Some(b' ') => (Mark::Context, &line[1..]),
                Some(b'-') => (Mark::Removed, &line[1..]),
                Some(b'+') => (Mark::Added, &line[1..]),
                // Editors and mails take the blank off an empty line.
                Some(b'\n' | b'\r') => (Mark::Context, line),
                Some(b'\\') => {
                    self.no_newline(&mut lines);
                    continue;
                }
                _ => return Err(self.unreadable("a hunk has fewer lines than it says")),
            };
            let count = |left: usize, counts: bool| left.checked_sub(usize::from(counts));
            let (left_old, left_new) = (
                count(old, mark != Mark::Added),
                count(new, mark != Mark::Removed),
            );
            let (Some(left_old), Some(left_new)) = (left_old, left_new) else {
                return Err(self.unreadable("a hunk has more lines than it says"));
            };
            (old, new) = (left_old, left_new);
            let mut text = text.to_owned();
            // The last line of the whole patch may have lost its newline on the way.
            if !text.ends_with('\n') {
                text.push('\n');
            }
            lines.push(Line { mark, text });
            self.at += 1;
        }
        if self.peek().is_some_and(|line| line.starts_with('\\')) {
            self.no_newline(&mut lines);
        }
        Ok(lines)
    }

    /// `\ No newline at end of file`.
    fn no_newline(&mut self, lines: &mut [Line]) {
        if let Some(last) = lines.last_mut()
            && last.text.ends_with('\n')
        {
            last.text.pop();
        }
        self.at += 1;
    }

    fn skip_binary(&mut self) {
        while let Some(line) = self.peek() {
            if line.starts_with("diff --git ") || line.starts_with("--- ") {
                break;
            }
            self.at += 1;
        }
    }
}

/// `7,3 +7,4 @@ …`: the first old line and both lengths.
fn spans(header: &str) -> Option<(usize, usize, usize)> {
    let (old, rest) = header.split_once(" +")?;
    let (new, _) = rest.split_once(" @@")?;
    let span = |text: &str| -> Option<(usize, usize)> {
        match text.split_once(',') {
            Some((start, length)) => Some((start.parse().ok()?, length.parse().ok()?)),
            None => Some((text.parse().ok()?, 1)),
        }
    };
    let ((old_start, old), (_, new)) = (span(old)?, span(new)?);
    Some((old_start, old, new))
}
