//! The layers of a base image, from the engine that has it: for engines that do not take an image without all of
//! its layers' files, though they have them (Podman, Docker with containerd's image store).

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;

use super::layer::Layer;
use crate::docker::engine::{Engine, LOADING};
use crate::{Error, Result};

/// What an exported image's table of contents says.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Contents {
    layers: Vec<PathBuf>,
}

/// Has the engine export an image into a folder; its layers, the lowest first, whose digests are known.
pub(crate) async fn layers(
    engine: &Engine,
    name: &str,
    digests: &[String],
    folder: &Path,
) -> Result<Vec<Layer>> {
    let archive = folder.join("base.tar");
    export(engine, name, &archive).await?;
    let (place, known) = (folder.join("base"), digests.to_vec());
    let unpack = move || unpack(&archive, &place, &known);
    let unpacked = tokio::task::spawn_blocking(unpack)
        .await
        .map_err(io::Error::other);
    unpacked.flatten().map_err(|source| Error::Io {
        context: format!("reading the exported base image {name}"),
        source,
    })
}

async fn export(engine: &Engine, name: &str, archive: &Path) -> Result<()> {
    engine
        .call_within(LOADING, "exporting the base image", async |docker| {
            let mut file = tokio::fs::File::create(archive).await?;
            let mut bytes = Box::pin(docker.export_image(name));
            while let Some(some) = bytes.try_next().await? {
                file.write_all(&some).await?;
            }
            file.flush().await?;
            Ok(())
        })
        .await
}

fn unpack(archive: &Path, place: &Path, digests: &[String]) -> io::Result<Vec<Layer>> {
    tar::Archive::new(File::open(archive)?).unpack(place)?;
    let contents = std::fs::read(place.join("manifest.json"))?;
    let contents: Vec<Contents> = serde_json::from_slice(&contents)?;
    let files = contents
        .into_iter()
        .next()
        .map(|image| image.layers)
        .unwrap_or_default();
    if files.len() != digests.len() {
        return Err(io::Error::other(
            "it does not have the layers that the engine told",
        ));
    }
    let layer = |(digest, file): (&String, PathBuf)| Layer {
        digest: digest.clone(),
        archive: place.join(file),
        what: "the base image".into(),
    };
    Ok(digests.iter().zip(files).map(layer).collect())
}
