//! What an engine offers, for `swemill doctor`.

use super::engine::{Engine, Offer};
use super::image::store;
use super::{NAME, Options};
use crate::{Error, Result};

/// An engine, and what is missing for sandboxes in it.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Where it listens.
    pub address: String,
    /// What it is.
    pub engine: String,
    /// Whether the base image is there.
    pub has_base: bool,
    /// Bounds and protections that it does not offer, in words.
    pub lacks: Vec<&'static str>,
}

impl Probe {
    /// Looks at the engine that these options lead to.
    pub async fn look(options: &Options) -> Result<Self> {
        let engine = Engine::connect(options.host.as_deref()).await?;
        let facts = &engine.facts;
        let lacks = Offer::ALL
            .iter()
            .filter(|(offer, _)| !facts.offers.contains(offer))
            .map(|(_, what)| *what);
        Ok(Self {
            address: engine.address.clone(),
            engine: format!(
                "{} {}{}",
                facts.name,
                facts.version,
                if facts.rootless { ", rootless" } else { "" }
            ),
            has_base: store::exists(&engine, &options.base_image).await?,
            lacks: lacks.collect(),
        })
    }

    /// Whether sandboxes can be made: an error says what is missing.
    pub fn usable(&self, options: &Options) -> Result<()> {
        if self.has_base {
            return Ok(());
        }
        Err(Error::Unavailable {
            backend: NAME,
            reason: format!("the engine has no image {}", options.base_image),
            remedy:
                "make it with `swemill image bootstrap`, or name another with `docker_base_image`"
                    .into(),
        })
    }
}
