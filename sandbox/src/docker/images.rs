//! What swemill stores in an engine: listing, importing, pushing and removing it, and nothing of anybody else.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, PushImageOptionsBuilder,
    RemoveImageOptionsBuilder, TagImageOptionsBuilder,
};
use futures_util::TryStreamExt;

use super::engine::{Engine, LOADING};
use super::failure::{is_conflict, is_missing};
use super::image::pack::Ownership;
use super::image::{layer, store, walk};
use super::labels;
use crate::{Error, Result};

/// A base system's files are whose they are, but nothing runs with the rights of its owner.
const AS_IT_IS: Ownership = Ownership {
    id: None,
    mask: 0o1777,
};

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
    /// Bytes of the layers that no other image of ours has; `None` where the engine does not tell.
    pub own_bytes: Option<u64>,
    /// Its labels without `swemill.`.
    pub labels: BTreeMap<String, String>,
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
        let mut all = Vec::new();
        let mut layers = Vec::new();
        for image in images {
            layers.push(self.layers(&image.id).await?);
            let label = |(name, value): (&String, &String)| {
                Some((name.strip_prefix("swemill.")?.to_owned(), value.clone()))
            };
            all.push(Image {
                kind: image.labels.get(labels::KIND).cloned().unwrap_or_default(),
                labels: image.labels.iter().filter_map(label).collect(),
                names: image.repo_tags,
                bytes: u64::try_from(image.size).unwrap_or(0),
                own_bytes: None,
                id: image.id,
            });
        }
        for (image, own) in all.iter_mut().zip(&layers) {
            image.own_bytes = own_bytes(own, &layers);
        }
        all.sort_by(|a, b| (&a.kind, &a.names).cmp(&(&b.kind, &b.names)));
        Ok(all)
    }

    /// An image's layers, the lowest first: what each is, and its bytes where the engine tells.
    async fn layers(&self, id: &str) -> Result<Vec<(String, Option<u64>)>> {
        let image = self
            .engine
            .call("looking at an image", |docker| docker.inspect_image(id))
            .await?;
        let history = self
            .engine
            .call("looking at an image", |docker| docker.image_history(id))
            .await?;
        let layers = image
            .root_fs
            .and_then(|root| root.layers)
            .unwrap_or_default();
        // A line a layer in ours; a base of somebody else's may have lines without one.
        let sizes = history
            .iter()
            .rev()
            .map(|step| u64::try_from(step.size).ok());
        let aligned = history.len() == layers.len();
        let sizes: Vec<_> = if aligned {
            sizes.collect()
        } else {
            vec![None; layers.len()]
        };
        Ok(layers.into_iter().zip(sizes).collect())
    }

    /// Stores the system in a folder as a base image; its size in bytes. The `scratch` folder holds it meanwhile.
    pub async fn import_base(
        &self,
        root: &Path,
        scratch: &Path,
        name: &str,
        labels: &BTreeMap<String, String>,
    ) -> Result<u64> {
        let (root, place) = (root.to_path_buf(), scratch.to_path_buf());
        let write = move || {
            layer::write(&place, "a base system", AS_IT_IS, |pack| {
                walk::entries(&root)?
                    .iter()
                    .try_for_each(|entry| pack.add(Path::new("/"), entry))
            })
        };
        let written = tokio::task::spawn_blocking(write)
            .await
            .map_err(std::io::Error::other)
            .flatten();
        let layer = written.map_err(|source| Error::Io {
            context: "writing the base image".into(),
            source,
        })?;
        let mut all: BTreeMap<String, String> = labels
            .iter()
            .map(|(label, value)| (format!("swemill.{label}"), value.clone()))
            .collect();
        all.insert(labels::KIND.into(), "base".into());
        store::store_base(&self.engine, &all, layer, name, scratch).await?;
        let image = self
            .engine
            .call("looking at an image", |docker| docker.inspect_image(name))
            .await?;
        Ok(image
            .size
            .and_then(|size| u64::try_from(size).ok())
            .unwrap_or(0))
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

/// The bytes of layers that no other image has: a layer is the same only if all below it are.
fn own_bytes(own: &[(String, Option<u64>)], all: &[Vec<(String, Option<u64>)>]) -> Option<u64> {
    let shared_with = |other: &Vec<(String, Option<u64>)>| {
        let pairs = own.iter().zip(other);
        pairs.take_while(|(a, b)| a.0 == b.0).count()
    };
    let mut most: Vec<usize> = all.iter().map(shared_with).collect();
    most.sort_unstable();
    // The most is shared with itself.
    let shared = most.iter().rev().nth(1).copied().unwrap_or(0);
    own[shared..].iter().map(|(_, bytes)| *bytes).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_shared_only_if_all_below_it_are() {
        let image = |names: &[&str]| {
            let layers = names.iter().map(|name| ((*name).to_owned(), Some(10)));
            layers.collect::<Vec<_>>()
        };
        let all = [
            image(&["base", "a", "b"]),
            image(&["base", "c", "b"]),
            image(&["base"]),
        ];
        assert_eq!(own_bytes(&all[0], &all), Some(20));
        assert_eq!(own_bytes(&all[2], &all), Some(0));
    }
}
