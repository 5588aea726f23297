//! What a user may call a model: a name of the catalogue, a place on this machine, or a repository of a hub.

use std::fmt;
use std::path::{Path, PathBuf};

use super::catalogue::{self, Entry, Packages};
use super::error::{Error, Result};

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A model of the catalogue, carried by package indexes.
    Catalogue(&'static Entry),
    /// A folder with `config.json` and weights, or a GGUF file.
    Local(PathBuf),
    /// `OWNER/NAME[@REVISION][:FILE]` of a Hugging Face hub.
    Hub(HubReference),
}

/// A repository of a hub, at a revision; of a GGUF repository one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubReference {
    /// `OWNER/NAME`.
    pub repository: String,
    /// A branch, tag or commit; `main` unless said.
    pub revision: String,
    /// The GGUF file to take.
    pub file: Option<String>,
}

impl Reference {
    /// Reads what a user wrote. A leading `hf:` forces the hub, a `/`, `./` or `../` in front a path.
    pub fn parse(given: &str) -> Result<Self> {
        if let Some(rest) = given.strip_prefix("hf:") {
            return HubReference::parse(rest).map(Self::Hub);
        }
        if let Some(entry) = catalogue::find(given) {
            return Ok(Self::Catalogue(entry));
        }
        let path = Path::new(given);
        if ["/", "./", "../", "~"]
            .iter()
            .any(|start| given.starts_with(start))
            || path.exists()
        {
            return Ok(Self::Local(path.to_owned()));
        }
        if given.contains('/') {
            return HubReference::parse(given).map(Self::Hub);
        }
        let known: Vec<&str> = catalogue::CATALOGUE
            .iter()
            .map(|entry| entry.name)
            .collect();
        Err(Error::Reference {
            given: given.to_owned(),
            why: format!(
                "it is none of the catalogue ({}), no path that exists, and not OWNER/NAME of a hub",
                known.join(", ")
            ),
        })
    }

    /// The name under which the store keeps it.
    pub fn name(&self) -> String {
        match self {
            Self::Catalogue(entry) => entry.name.to_owned(),
            Self::Local(path) => {
                let file = path.is_file();
                let last = if file {
                    path.file_stem()
                } else {
                    path.file_name()
                };
                let last = last.map_or_else(
                    || "model".to_owned(),
                    |name| name.to_string_lossy().into_owned(),
                );
                last.chars()
                    .map(|c| if is_plain(c) { c } else { '-' })
                    .collect::<String>()
                    .trim_start_matches('.')
                    .to_owned()
            }
            Self::Hub(hub) => hub.repository.clone(),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Catalogue(entry) => {
                let Packages { name, version, .. } = &entry.packages;
                write!(out, "package {name} {version}")
            }
            Self::Local(path) => write!(out, "{}", path.display()),
            Self::Hub(hub) => {
                write!(out, "hf:{}@{}", hub.repository, hub.revision)?;
                hub.file.iter().try_for_each(|file| write!(out, ":{file}"))
            }
        }
    }
}

impl HubReference {
    fn parse(text: &str) -> Result<Self> {
        let bad = |why: &str| Error::Reference {
            given: text.to_owned(),
            why: format!("{why}; write OWNER/NAME, OWNER/NAME@REVISION or OWNER/NAME:FILE.gguf"),
        };
        let (head, file) = match text.split_once(':') {
            Some((head, file)) => (head, Some(file.to_owned())),
            None => (text, None),
        };
        let (repository, revision) = head.split_once('@').unwrap_or((head, "main"));
        check_name(repository).map_err(|why| bad(&why))?;
        if !repository.contains('/') {
            return Err(bad("a hub's repository has an owner"));
        }
        if revision.is_empty()
            || !revision.chars().all(|c| is_plain(c) || c == '/')
            || revision.contains("..")
        {
            return Err(bad("that is no revision"));
        }
        if let Some(file) = &file
            && !is_inner_path(file)
        {
            return Err(bad("that is no file of a repository"));
        }
        Ok(Self {
            repository: repository.to_owned(),
            revision: revision.to_owned(),
            file,
        })
    }
}

/// Whether a name can be kept: `NAME` or `OWNER/NAME` of letters, digits, `.`, `_` and `-`.
pub(super) fn check_name(name: &str) -> std::result::Result<(), String> {
    let parts: Vec<&str> = name.split('/').collect();
    let plain = |part: &&str| {
        !part.is_empty() && part.len() <= 96 && !part.starts_with('.') && part.chars().all(is_plain)
    };
    if parts.len() <= 2 && parts.iter().all(plain) && !name.contains("--") {
        Ok(())
    } else {
        Err(format!(
            "'{name}' is no name of a model (letters, digits, '.', '_', '-', at most one '/')"
        ))
    }
}

/// Whether a path that a server or archive gave stays within a folder.
pub(super) fn is_inner_path(path: &str) -> bool {
    !path.is_empty()
        && !path.contains('\\')
        && path.split('/').all(|part| {
            !part.is_empty() && part != "." && part != ".." && !part.chars().any(char::is_control)
        })
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalogue_name_wins_and_a_slash_means_the_hub() {
        assert!(matches!(
            Reference::parse("SmolLM2-135M-Instruct"),
            Ok(Reference::Catalogue(_))
        ));
        let Ok(Reference::Hub(hub)) = Reference::parse("Qwen/Qwen2.5-0.5B@v1:q4.gguf") else {
            panic!("not taken for a hub's");
        };
        assert_eq!(hub.repository, "Qwen/Qwen2.5-0.5B");
        assert_eq!(hub.revision, "v1");
        assert_eq!(hub.file.as_deref(), Some("q4.gguf"));
    }

    #[test]
    fn an_unknown_word_names_the_catalogue() {
        let error = Reference::parse("gpt-5").unwrap_err().to_string();
        assert!(error.contains("smollm2-135m-instruct"), "{error}");
    }

    #[test]
    fn names_that_would_leave_the_store_are_refused() {
        for given in [
            "hf:a/../b",
            "hf:../x",
            "hf:a/b:../../x",
            "hf:a/b@../c",
            "hf:a/.b",
            "hf:a//b",
            "hf:justname",
        ] {
            assert!(Reference::parse(given).is_err(), "{given}");
        }
    }
}
