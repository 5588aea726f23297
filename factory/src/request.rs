//! What a user asks of a source: everything that changes the data that comes out.

use std::fmt::Write as _;
use std::num::NonZeroUsize;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use swemill_mutation::{Identity, Selection};
use swemill_source::{LicencePolicy, Source};
use swemill_store::sources::NewSource;

use crate::settings::Settings;

/// A source and how to treat it. It is kept with the source in the store, so that any worker on any machine
/// makes the same data of it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The source in its canonical form.
    pub spec: String,
    /// Branch, tag or commit of a git source.
    pub revision: Option<String>,
    /// How to treat it.
    pub options: Options,
}

/// What [`Settings::max_broken_share`] is unless told otherwise.
const DEFAULT_BROKEN_SHARE: f64 = 0.9;

/// The stored part of a [`Request`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Strategies, as the user wrote them.
    pub strategies: String,
    /// The most candidates of the source.
    pub max_candidates: Option<u32>,
    /// The most candidates of a file.
    pub per_file: Option<u32>,
    /// The most candidates of an entity.
    pub per_entity: Option<u32>,
    /// Decides what is sampled.
    pub seed: u32,
    /// Admitted licences.
    pub licenses: String,
    /// Runs that must agree on an instance's lists.
    pub confirmations: usize,
    /// The largest share of the suite that a break may fail.
    pub max_broken_share: f64,
}

impl Request {
    /// A request for a source with the settings' rules; what cannot be a source is said at once.
    pub fn new(source: &str, revision: Option<&str>, settings: &Settings) -> anyhow::Result<Self> {
        let parsed: Source = source.parse()?;
        settings
            .licenses
            .parse::<LicencePolicy>()
            .context("reading the admitted licences")?;
        Ok(Self {
            spec: parsed.to_string(),
            revision: revision.map(str::to_owned),
            options: Options {
                strategies: "all".to_owned(),
                max_candidates: None,
                per_file: None,
                per_entity: None,
                seed: 0,
                licenses: settings.licenses.clone(),
                confirmations: settings.confirmations,
                max_broken_share: settings.max_broken_share,
            },
        })
    }

    /// The row that queues it.
    pub fn to_source(&self) -> NewSource {
        NewSource {
            spec: self.spec.clone(),
            rev: self.revision.clone(),
            options: serde_json::to_value(&self.options)
                .expect("plain fields: they always serialise"),
        }
    }
}

impl Options {
    /// Reads what [`Request::to_source`] stored.
    pub fn from_stored(stored: &serde_json::Value) -> anyhow::Result<Self> {
        Self::deserialize(stored)
            .context("a newer swemill queued this source; run that version here")
    }

    /// The command that asks for the same again.
    pub fn as_command(&self, spec: &str, revision: Option<&str>) -> String {
        let mut command = format!("swemill add '{spec}' --seed {}", self.seed);
        let mut flag = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                let _ = write!(command, " --{name} {value}");
            }
        };
        flag("rev", revision.map(str::to_owned));
        flag(
            "strategies",
            Some(self.strategies.clone()).filter(|list| list != "all"),
        );
        flag("max-candidates", self.max_candidates.map(|n| n.to_string()));
        flag("per-file", self.per_file.map(|n| n.to_string()));
        flag("per-entity", self.per_entity.map(|n| n.to_string()));
        flag(
            "licenses",
            Some(self.licenses.clone()).filter(|list| list != "any"),
        );
        flag(
            "confirmations",
            Some(self.confirmations.to_string()).filter(|n| n != "1"),
        );
        flag(
            "set",
            Some(format!("max_broken_share={}", self.max_broken_share))
                .filter(|_| (self.max_broken_share - DEFAULT_BROKEN_SHARE).abs() > f64::EPSILON),
        );
        command
    }

    /// The mutation engine's options for a repository.
    pub fn mutation(&self, identity: Identity) -> anyhow::Result<swemill_mutation::Options> {
        let count = |limit: Option<u32>| limit.map(|limit| limit as usize);
        Ok(swemill_mutation::Options {
            seed: u64::from(self.seed),
            strategies: self.strategies.parse::<Selection>()?,
            max_candidates: count(self.max_candidates),
            per_file: count(self.per_file),
            per_entity: count(self.per_entity),
            threads: Some(NonZeroUsize::MIN),
            identity: Some(identity),
        })
    }
}
