//! The parts of a test's id.

/// A test function as pytest's id names it, without the case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Named {
    /// The file, below the repository's root.
    pub file: String,
    /// The classes around the function, the outermost first.
    pub classes: Vec<String>,
    /// The function.
    pub function: String,
}

impl Named {
    /// Reads an id. `None` for what names no function of a Python file: doctests (their last part is dotted),
    /// items of other files, a whole file.
    pub fn parse(id: &str) -> Option<Self> {
        // A case's own text may hold `::`, a file's name a bracket.
        let (file, rest) = id.split_once(".py::")?;
        let path = rest.split('[').next().unwrap_or(rest);
        let mut parts: Vec<&str> = path.split("::").collect();
        let function = parts.pop()?;
        let is_name = |part: &str| {
            !part.is_empty()
                && !part.starts_with(|c: char| c.is_ascii_digit())
                && part.chars().all(|c| c.is_alphanumeric() || c == '_')
        };
        if !is_name(function) || !parts.iter().all(|part| is_name(part)) {
            return None;
        }
        Some(Self {
            file: format!("{file}.py"),
            classes: parts.into_iter().map(str::to_owned).collect(),
            function: function.to_owned(),
        })
    }

    /// The id of the function with all its cases.
    pub fn id(&self) -> String {
        let names = self.classes.iter().chain([&self.function]);
        names.fold(self.file.clone(), |id, name| id + "::" + name)
    }
}

/// The file of an id, below the repository's root.
pub fn file_of(id: &str) -> &str {
    id.split("::").next().unwrap_or(id)
}

/// Whether an id is a doctest's: what stands after the file is the dotted name of what the text belongs to.
pub fn is_doctest(id: &str) -> bool {
    id.split_once("::")
        .is_some_and(|(_, rest)| !rest.contains("::") && Named::parse(id).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_taken_apart_whatever_their_cases_hold() {
        let named = Named::parse("tests/test_a.py::TestA::Inner::test_b[x::y[0]-é]").unwrap();
        assert_eq!(named.file, "tests/test_a.py");
        assert_eq!(named.classes, ["TestA", "Inner"]);
        assert_eq!(named.function, "test_b");
    }

    #[test]
    fn doctests_and_other_files_name_no_function() {
        for id in [
            "src/m.py::m.f",
            "docs/a.rst::a.rst",
            "README.md::README.md",
            "a.yaml::case",
        ] {
            assert_eq!(Named::parse(id), None, "{id}");
            assert!(is_doctest(id), "{id}");
        }
        assert!(!is_doctest("tests/test_a.py::test_b[1.5]"));
        assert!(!is_doctest("tests/test_a.py::T::test_b"));
    }
}
