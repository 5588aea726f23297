//! What a file's name says: sdist or wheel, of which version.

use pep440_rs::Version;

use crate::spec::normalise_name;

/// Sdist or wheel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileKind {
    /// Source, to be built.
    Sdist,
    /// Built; with its tags, as in `py3-none-any`.
    Wheel {
        /// Interpreter, ABI and platform, joined by `-`.
        tags: String,
    },
}

/// What a name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Sdist or wheel.
    pub kind: FileKind,
    /// Its version.
    pub version: Version,
}

/// Suffixes of sdists, in the order they are preferred.
const SDIST_SUFFIXES: [&str; 5] = [".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar"];

/// Reads a file's name, if it is one of this package.
pub(super) fn parse(filename: &str, package: &str) -> Option<Named> {
    let package = normalise_name(package);
    if let Some(stem) = filename.strip_suffix(".whl") {
        let mut parts = stem.splitn(3, '-');
        let (name, version, tags) = (parts.next()?, parts.next()?, parts.next()?);
        if normalise_name(name) != package {
            return None;
        }
        return Some(Named {
            kind: FileKind::Wheel {
                tags: tags.to_owned(),
            },
            version: version.parse().ok()?,
        });
    }
    let stem = SDIST_SUFFIXES
        .iter()
        .find_map(|suffix| filename.strip_suffix(suffix))?;
    // Old names have dashes of their own, so every cut is tried.
    stem.match_indices('-')
        .filter(|(at, _)| normalise_name(&stem[..*at]) == package)
        .find_map(|(at, _)| stem[at + 1..].parse().ok())
        .map(|version| Named {
            kind: FileKind::Sdist,
            version,
        })
}

/// How much an sdist of this name is preferred: lower is better.
pub(crate) fn sdist_rank(filename: &str) -> usize {
    SDIST_SUFFIXES
        .iter()
        .position(|suffix| filename.ends_with(suffix))
        .unwrap_or(SDIST_SUFFIXES.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(filename: &str, package: &str) -> Option<String> {
        parse(filename, package).map(|named| named.version.to_string())
    }

    #[test]
    fn sdists_old_and_new_give_their_version() {
        assert_eq!(
            version("isodate-0.7.2.tar.gz", "isodate").as_deref(),
            Some("0.7.2")
        );
        assert_eq!(
            version("zope.interface-5.0.zip", "zope-interface").as_deref(),
            Some("5.0")
        );
        assert_eq!(
            version("my-old-name-1.0-rc1.tar.bz2", "my_old.name").as_deref(),
            Some("1.0rc1")
        );
    }

    #[test]
    fn a_file_of_another_package_is_not_taken() {
        assert_eq!(version("isodate-extra-0.7.2.tar.gz", "isodate"), None);
        assert_eq!(version("other-1.0-py3-none-any.whl", "isodate"), None);
        assert_eq!(version("isodate-0.7.2.exe", "isodate"), None);
    }

    #[test]
    fn a_wheel_keeps_its_tags() {
        let named = parse("uv-0.9.1-py3-none-manylinux_2_17_x86_64.whl", "uv").unwrap();
        let tags = "py3-none-manylinux_2_17_x86_64".to_owned();
        assert_eq!(named.kind, FileKind::Wheel { tags });
    }
}
