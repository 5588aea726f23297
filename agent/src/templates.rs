//! Prompts, messages and tool schemas: files that a user can replace.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use minijinja::{Environment, UndefinedBehavior};
use sha2::{Digest, Sha256};

/// The name of a template and its text.
macro_rules! built_in {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/", $name)),
        )
    };
}

/// The templates of this crate, by name.
const BUILT_IN: &[(&str, &str)] = &[
    built_in!("common/elided.j2"),
    built_in!("common/repeated.j2"),
    built_in!("mini-swe-agent/format_error.j2"),
    built_in!("mini-swe-agent/format_error_fenced.j2"),
    built_in!("mini-swe-agent/instance.j2"),
    built_in!("mini-swe-agent/instance_fenced.j2"),
    built_in!("mini-swe-agent/observation.j2"),
    built_in!("mini-swe-agent/rules.j2"),
    built_in!("mini-swe-agent/system.j2"),
    built_in!("mini-swe-agent/tools.json.j2"),
    built_in!("swe-agent/blocked.j2"),
    built_in!("swe-agent/format_error_function_calling.j2"),
    built_in!("swe-agent/format_error_thought_action.j2"),
    built_in!("swe-agent/format_error_xml.j2"),
    built_in!("swe-agent/functions.j2"),
    built_in!("swe-agent/instance.j2"),
    built_in!("swe-agent/no_output.j2"),
    built_in!("swe-agent/observation.j2"),
    built_in!("swe-agent/submit_review.j2"),
    built_in!("swe-agent/syntax_error.j2"),
    built_in!("swe-agent/system.j2"),
    built_in!("swe-agent/system_thought_action.j2"),
    built_in!("swe-agent/system_xml.j2"),
    built_in!("swe-agent/timeout.j2"),
    built_in!("swe-agent/tools.json.j2"),
    built_in!("swe-agent/truncated.j2"),
];

/// A set of templates.
#[derive(Clone, Debug)]
pub struct Templates {
    environment: Environment<'static>,
    digest: String,
}

/// A template cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A file of the user's could not be read.
    #[error("cannot read the template {path}: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
    /// A template is no template, or needs what it is not given.
    #[error("the template {name} does not work: {source:#}")]
    Broken {
        /// The template.
        name: String,
        /// What happened, and at which line.
        source: minijinja::Error,
    },
    /// The tool schemas are no JSON.
    #[error("the template {name} makes no JSON: {source}")]
    NoJson {
        /// The template.
        name: String,
        /// What happened.
        source: serde_json::Error,
    },
}

impl Templates {
    /// The templates of this crate, those replaced that have a file of the same name under `folder`.
    pub fn load(folder: Option<&Path>) -> Result<Self, TemplateError> {
        let mut texts: BTreeMap<&str, String> = BTreeMap::new();
        for (name, text) in BUILT_IN {
            let replaced = folder.map(|folder| read(&folder.join(name))).transpose()?;
            let text = replaced.flatten().unwrap_or_else(|| (*text).to_owned());
            texts.insert(name, text);
        }
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        let mut hash = Sha256::new();
        for (name, text) in texts {
            for part in [name, &text] {
                hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
                hash.update(part);
            }
            environment
                .add_template_owned(name.to_owned(), text)
                .map_err(|source| broken(name, source))?;
        }
        Ok(Self {
            environment,
            digest: hex::encode(hash.finalize()),
        })
    }

    /// SHA-256 of all names and texts: what trajectories record.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Renders one. A variable that it needs and is not given is an error.
    pub fn render(&self, name: &str, context: minijinja::Value) -> Result<String, TemplateError> {
        self.environment
            .get_template(name)
            .and_then(|template| template.render(context))
            .map_err(|source| broken(name, source))
    }

    /// Renders one that makes JSON.
    pub fn render_json<T: serde::de::DeserializeOwned>(
        &self,
        name: &str,
        context: minijinja::Value,
    ) -> Result<T, TemplateError> {
        let text = self.render(name, context)?;
        serde_json::from_str(&text).map_err(|source| TemplateError::NoJson {
            name: name.to_owned(),
            source,
        })
    }
}

fn broken(name: &str, source: minijinja::Error) -> TemplateError {
    TemplateError::Broken {
        name: name.to_owned(),
        source,
    }
}

fn read(path: &Path) -> Result<Option<String>, TemplateError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(TemplateError::Unreadable {
            path: path.to_path_buf(),
            source,
        }),
    }
}
