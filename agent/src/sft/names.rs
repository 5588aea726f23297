//! Which repositories are the same project.

use std::collections::BTreeSet;

/// The project behind a repository's name: its last part, written as package indexes write it (PEP 503). Forks, mirrors
/// and source distributions have other owners and the same code, so the owner has no say.
pub fn project(repository: &str) -> String {
    let trimmed = repository.trim().trim_end_matches('/');
    let trimmed = trimmed.strip_suffix(".git").unwrap_or(trimmed);
    // SWE-bench writes `owner__name`.
    let name = trimmed.rsplit(['/', ':']).next().unwrap_or_default();
    let name = name.rsplit_once("__").map_or(name, |(_, name)| name);
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_lowercase()
}

/// A list of repositories to keep out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    projects: BTreeSet<String>,
}

impl Listed {
    /// Reads one repository a line: `owner/name`, a name, or a URL. Empty lines and lines that begin with `#` say nothing.
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim);
        let named = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let projects = named.map(project).filter(|project| !project.is_empty());
        Self {
            projects: projects.collect(),
        }
    }

    /// Whether the repository is on the list.
    pub fn holds(&self, repository: &str) -> bool {
        self.projects.contains(&project(repository))
    }

    /// How many projects it names.
    pub fn len(&self) -> usize {
        self.projects.len()
    }

    /// Whether it names none.
    pub fn is_empty(&self) -> bool {
        self.projects.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_has_one_name_however_its_repository_is_written() {
        for written in [
            "pylint-dev/astroid.toolkit",
            "pypi/Astroid_Toolkit",
            "someone-else/astroid--toolkit",
            "https://example.org/pylint-dev/astroid-toolkit.git",
            "git@example.org:pylint-dev/astroid-toolkit.git",
            "pylint-dev__astroid-toolkit",
            " astroid-toolkit/ ",
        ] {
            assert_eq!(project(written), "astroid-toolkit", "{written}");
        }
        assert_ne!(project("pallets/jinja"), project("pallets/jinja2"));
    }

    #[test]
    fn a_list_has_one_repository_a_line_and_may_be_commented() {
        let listed = Listed::parse("# SWE-bench\ndjango/django\n\n  sympy/sympy\r\n/\n");
        assert_eq!(listed.len(), 2);
        assert!(listed.holds("pypi/Django") && listed.holds("a-fork/sympy"));
        assert!(!listed.holds("django/channels") && !Listed::parse("").holds(""));
    }
}
