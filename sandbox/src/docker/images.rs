//! What swemill stores in an engine: listing, importing, pushing and removing it, and nothing of anybody else.

use std::collections::HashMap;
use std::path::Path;

use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, PushImageOptionsBuilder,
    RemoveImageOptionsBuilder, TagImageOptionsBuilder,
};
use futures_util::TryStreamExt;

use super::engine::{Engine, LOADING};
use super::failure::{is_conflict, is_missing};
use super::image::store;
use super::labels;
use crate::Result;

/// An image of ours.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Image {
    /// The engine's id.
    pub id: String,
    /// `environment` or `base`.
    pub kind: String,
    /// Its names.
    pub names: Vec<String>,
    /// Bytes of all its layers, shared ones too.
    pub bytes: u64,
    /// Its labels without `swemill.`.
    pub labels: std::collections::BTreeMap<String, String>,
}

/// The images of an engine.
#[derive(Clone, Debug)]
pub struct Images {
    engine: Engine,
}

impl Images {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine }
    }

    /// Connects to the engine that is named, or found.
    pub async fn connect(host: Option<&str>) -> Result<Self> {
        Ok(Self::new(Engine::connect(host).await?))
    }

    /// Every image of ours, by kind and name.
    pub async fn list(&self) -> Result<Vec<Image>> {
        let filters = HashMap::from([("label".to_owned(), vec![labels::KIND.to_owned()])]);
        let options = ListImagesOptionsBuilder::new().filters(&filters).build();
        let images = self
            .engine
            .call("listing images", |docker| docker.list_images(Some(options)))
            .await?;
        let mut all: Vec<Image> = images
            .into_iter()
            .map(|image| Image {
                kind: image.labels.get(labels::KIND).cloned().unwrap_or_default(),
                labels: image
                    .labels
                    .iter()
                    .filter_map(|(name, value)| {
                        Some((name.strip_prefix("swemill.")?.to_owned(), value.clone()))
                    })
                    .collect(),
                names: image.repo_tags,
                bytes: u64::try_from(image.size).unwrap_or(0),
                id: image.id,
            })
            .collect();
        all.sort_by(|a, b| (&a.kind, &a.names).cmp(&(&b.kind, &b.names)));
        Ok(all)
    }

    /// Stores an archive in the format of `docker save`.
    pub async fn load(&self, archive: &Path) -> Result<()> {
        store::load(&self.engine, archive).await
    }

    /// Whether there is an image of this name.
    pub async fn has(&self, name: &str) -> Result<bool> {
        store::exists(&self.engine, name).await
    }

    /// Gives an image another name, `repository:tag`.
    pub async fn name(&self, image: &str, repository: &str, tag: &str) -> Result<()> {
        let options = TagImageOptionsBuilder::new()
            .repo(repository)
            .tag(tag)
            .build();
        self.engine
            .call("naming an image", |docker| {
                docker.tag_image(image, Some(options))
            })
            .await
    }

    /// Sends an image to the registry that its name tells.
    pub async fn push(&self, repository: &str, tag: &str) -> Result<()> {
        self.engine
            .call_within(LOADING, "sending an image", |docker| {
                let options = PushImageOptionsBuilder::new().tag(tag).build();
                let told = docker.push_image(repository, Some(options), None);
                told.try_for_each(|_| async { Ok(()) })
            })
            .await
    }

    /// Removes an image of ours; `false` when a container uses it.
    pub async fn remove(&self, image: &Image) -> Result<bool> {
        let names = if image.names.is_empty() {
            std::slice::from_ref(&image.id)
        } else {
            &image.names[..]
        };
        for name in names {
            let removed = self
                .engine
                .call("removing an image", async |docker| {
                    let options = RemoveImageOptionsBuilder::new().force(false).build();
                    match docker.remove_image(name, Some(options), None).await {
                        Ok(_) => Ok(true),
                        Err(error) if is_missing(&error) => Ok(true),
                        Err(error) if is_conflict(&error) => Ok(false),
                        Err(error) => Err(error),
                    }
                })
                .await?;
            if !removed {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The ids of images that containers, running or not, are made of.
    pub async fn in_use(&self) -> Result<Vec<String>> {
        let options = ListContainersOptionsBuilder::new().all(true).build();
        let containers = self
            .engine
            .call("listing containers", |docker| {
                docker.list_containers(Some(options))
            })
            .await?;
        Ok(containers
            .into_iter()
            .filter_map(|container| container.image_id)
            .collect())
    }
}
