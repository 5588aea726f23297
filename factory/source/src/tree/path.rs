//! Which names a file of a tree may have.

use crate::Limits;

/// Why a path was not admitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathProblem {
    /// It starts at the root of the file system.
    #[error("it is absolute")]
    Absolute,
    /// It climbs with `..`.
    #[error("it climbs out with '..'")]
    Climbs,
    /// It holds a NUL byte.
    #[error("it holds a NUL byte")]
    Nul,
    /// It is longer, or deeper, than a path may be.
    #[error("it is too long or too deep")]
    TooLong,
}

/// The path's components, or why it is not admitted. No components means the root itself.
///
/// Bytes, not text: names in archives need not be UTF-8, and are kept as they are. `.` and empty
/// components say nothing and vanish; `..` is refused even where it would stay inside, since no honest
/// archive writes it.
pub fn clean_path<'p>(path: &'p [u8], limits: &Limits) -> Result<Vec<&'p [u8]>, PathProblem> {
    if path.first() == Some(&b'/') {
        return Err(PathProblem::Absolute);
    }
    if path.contains(&0) {
        return Err(PathProblem::Nul);
    }
    if path.len() > limits.path_bytes {
        return Err(PathProblem::TooLong);
    }
    let parts: Vec<&[u8]> = path
        .split(|&byte| byte == b'/')
        .filter(|part| !part.is_empty() && *part != b".")
        .collect();
    if parts.contains(&b"..".as_slice()) {
        return Err(PathProblem::Climbs);
    }
    // 255 bytes is what Linux file systems allow for one name.
    if parts.len() > limits.depth || parts.iter().any(|part| part.len() > 255) {
        return Err(PathProblem::TooLong);
    }
    Ok(parts)
}

/// Whether git would take this name for its own folder: `.git` in any case, and what Windows and macOS
/// fold to it. A tree that carries one could bring hooks and settings along.
pub(crate) fn is_git_name(part: &[u8]) -> bool {
    part.eq_ignore_ascii_case(b".git") || part.eq_ignore_ascii_case(b"git~1")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn clean(path: &str) -> Result<String, PathProblem> {
        clean_path(path.as_bytes(), &Limits::default())
            .map(|parts| String::from_utf8(parts.join(&b'/')).unwrap())
    }

    #[test]
    fn dots_and_double_slashes_say_nothing() {
        assert_eq!(clean("./a//b/./c/").unwrap(), "a/b/c");
        assert_eq!(clean("./").unwrap(), "");
        assert_eq!(clean("...").unwrap(), "...");
    }

    #[test]
    fn a_path_that_could_leave_is_refused() {
        assert_eq!(clean("/etc/passwd"), Err(PathProblem::Absolute));
        assert_eq!(clean("a/../../b"), Err(PathProblem::Climbs));
        assert_eq!(clean("a/.."), Err(PathProblem::Climbs));
        assert_eq!(clean("a\0b"), Err(PathProblem::Nul));
        assert_eq!(clean(&"a/".repeat(65)), Err(PathProblem::TooLong));
        assert_eq!(clean(&"a".repeat(256)), Err(PathProblem::TooLong));
    }

    #[test]
    fn names_that_are_not_utf8_are_kept() {
        let parts = clean_path(b"a/\xff\xfe.py", &Limits::default()).unwrap();
        assert_eq!(parts, [b"a".as_slice(), b"\xff\xfe.py"]);
    }

    proptest! {
        #[test]
        fn an_admitted_path_stays_inside(bytes in proptest::collection::vec(
            prop_oneof![Just(b'/'), Just(b'.'), Just(0u8), Just(b'a'), any::<u8>()], 0..200))
        {
            if let Ok(parts) = clean_path(&bytes, &Limits::default()) {
                let joined = parts.join(&b'/');
                prop_assert!(joined.first() != Some(&b'/'));
                for part in &parts {
                    prop_assert!(!part.is_empty() && *part != b"." && *part != b"..");
                    prop_assert!(!part.contains(&b'/') && !part.contains(&0));
                }
                // Cleaning is finished after one time.
                prop_assert_eq!(clean_path(&joined, &Limits::default()).unwrap(), parts);
            }
        }
    }
}
