//! What a tree says of itself: PKG-INFO and pyproject.toml, read as data and never run.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The largest metadata file that is read: long descriptions are in it.
const BYTES: u64 = 4 << 20;

/// The headers of a PKG-INFO, in order, with continuation lines joined.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageInfo {
    headers: Vec<(String, String)>,
}

impl PackageInfo {
    /// Reads the PKG-INFO at the top of a tree, if it is there.
    pub fn of(tree: &Path) -> Option<Self> {
        read_text(&tree.join("PKG-INFO")).map(|text| Self::parse(&text))
    }

    /// Reads headers up to the empty line.
    pub fn parse(text: &str) -> Self {
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            if line.trim().is_empty() && !line.starts_with([' ', '\t']) {
                break;
            }
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = headers.last_mut() {
                    value.push('\n');
                    value.push_str(line.trim());
                }
            } else if let Some((key, value)) = line.split_once(':') {
                headers.push((key.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        Self { headers }
    }

    /// The first value of a header, unless empty or `UNKNOWN` (what setuptools writes for nothing).
    pub fn get(&self, key: &str) -> Option<&str> {
        self.all(key)
            .find(|value| !value.is_empty() && *value != "UNKNOWN")
    }

    /// All values of a header.
    pub fn all<'i>(&'i self, key: &str) -> impl Iterator<Item = &'i str> + use<'i> {
        let key = key.to_ascii_lowercase();
        self.headers
            .iter()
            .filter(move |(own, _)| *own == key)
            .map(|(_, value)| value.as_str())
    }
}

/// The `[project]` table of a pyproject.toml, if there is one that can be read.
pub fn project_table(tree: &Path) -> Option<toml::Table> {
    let text = read_text(&tree.join("pyproject.toml"))?;
    let mut whole: toml::Table = text.parse().ok()?;
    match whole.remove("project")? {
        toml::Value::Table(project) => Some(project),
        _ => None,
    }
}

/// A file's text, bounded; bytes that are not UTF-8 are replaced. No links: they may lead anywhere.
pub(crate) fn read_text(place: &Path) -> Option<String> {
    if !place.symlink_metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(place)
        .ok()?
        .take(BYTES)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_whatever_their_case_and_end_at_the_body() {
        let info = PackageInfo::parse(
            "Metadata-Version: 2.1\nName: x\nlicense: UNKNOWN\nClassifier: A\nClassifier: B\nSummary: one\n  two\n\nLicense: body\n",
        );
        assert_eq!(info.get("NAME"), Some("x"));
        assert_eq!(info.get("License"), None);
        assert_eq!(info.all("Classifier").collect::<Vec<_>>(), ["A", "B"]);
        assert_eq!(info.get("Summary"), Some("one\ntwo"));
    }
}
