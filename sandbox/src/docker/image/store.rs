//! Bringing an image into the engine: only what it does not have yet.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use bollard::query_parameters::{ImportImageOptions, ListImagesOptionsBuilder};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::io::AsyncReadExt;

use super::layer::Layer;
use super::manifest::{self, Base, Documents};
use super::pack::{Ownership, Pack};
use crate::docker::engine::{Engine, LOADING};
use crate::docker::failure::is_missing;
use crate::docker::labels;
use crate::{Error, Result};

/// The repository that environments' images are named in.
pub(crate) const REPOSITORY: &str = "swemill/environment";

/// Bytes sent at a time.
const CHUNK: usize = 1 << 20;

/// Where programs are looked for in a base image of ours.
const DEFAULT_PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Digits of the digest that name an image.
const NAME_DIGITS: usize = 16;

/// What an image is made of besides its layers.
#[derive(Debug)]
pub(crate) struct Description<'a> {
    pub(crate) base: &'a str,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) working_directory: &'a str,
}

/// Has the engine store the image of these layers over its base; the name it has there.
pub(crate) async fn store(
    engine: &Engine,
    description: &Description<'_>,
    layers: &[Layer],
    folder: &Path,
) -> Result<String> {
    let base = base(engine, description.base).await?;
    let user = Some("1000:1000");
    let documents = manifest::documents(
        &base,
        layers,
        &description.labels,
        user,
        description.working_directory,
    )
    .map_err(|error| unwritten(error.into()))?;
    let name = format!("{REPOSITORY}:{}", &documents.digest[..NAME_DIGITS]);
    if !exists(engine, &name).await? {
        put(engine, &base, &documents, layers, &name, folder).await?;
    }
    Ok(name)
}

/// Has the engine store a base image of one layer, under the given name.
pub(crate) async fn store_base(
    engine: &Engine,
    labels: &BTreeMap<String, String>,
    layer: Layer,
    name: &str,
    folder: &Path,
) -> Result<()> {
    let nothing = Base {
        architecture: architecture().into(),
        layers: Vec::new(),
        variables: vec![DEFAULT_PATH.into()],
    };
    let layers = [layer];
    let documents = manifest::documents(&nothing, &layers, labels, None, "/")
        .map_err(|error| unwritten(error.into()))?;
    put(engine, &nothing, &documents, &layers, name, folder).await
}

/// This machine's architecture in the words of images.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Sends what the engine does not have.
async fn put(
    engine: &Engine,
    base: &Base,
    documents: &Documents,
    layers: &[Layer],
    name: &str,
    folder: &Path,
) -> Result<()> {
    let own = layers.iter().map(|layer| layer.digest.clone());
    let all: Vec<String> = base.layers.iter().cloned().chain(own).collect();
    let known = known_layers(engine, &all).await?;
    let missing = layers
        .get(known.saturating_sub(base.layers.len())..)
        .unwrap_or_default();
    let archive = folder.join("image.tar");
    write_archive(&archive, documents, name, &all, missing).map_err(unwritten)?;
    load(engine, &archive).await
}

fn unwritten(source: io::Error) -> Error {
    Error::Io {
        context: "writing the environment's image".into(),
        source,
    }
}

/// The base image as the engine knows it.
async fn base(engine: &Engine, name: &str) -> Result<Base> {
    let doing = format!("looking for the base image {name}");
    let image = engine
        .call(&doing, |docker| docker.inspect_image(name))
        .await?;
    Ok(Base {
        architecture: image.architecture.unwrap_or_else(|| "amd64".into()),
        layers: image
            .root_fs
            .and_then(|root| root.layers)
            .unwrap_or_default(),
        variables: image
            .config
            .and_then(|config| config.env)
            .unwrap_or_default(),
    })
}

/// Whether the engine has an image of this name.
pub(crate) async fn exists(engine: &Engine, name: &str) -> Result<bool> {
    let look = async |docker: &bollard::Docker| match docker.inspect_image(name).await {
        Ok(_) => Ok(true),
        Err(error) if is_missing(&error) => Ok(false),
        Err(error) => Err(error),
    };
    engine
        .call(&format!("looking for the image {name}"), look)
        .await
}

/// How many of an image's layers, from the lowest up, the engine has already, as far as images of ours tell.
async fn known_layers(engine: &Engine, wanted: &[String]) -> Result<usize> {
    let filters = HashMap::from([("label".to_owned(), vec![labels::KIND.to_owned()])]);
    let options = ListImagesOptionsBuilder::new().filters(&filters).build();
    let images = engine
        .call("listing images", |docker| docker.list_images(Some(options)))
        .await?;
    let mut most = 0;
    for image in images {
        // One that is removed just now has nothing to offer.
        let found = engine
            .call("looking at an image", |docker| {
                docker.inspect_image(&image.id)
            })
            .await;
        let layers = found
            .ok()
            .and_then(|image| image.root_fs?.layers)
            .unwrap_or_default();
        let equal = layers
            .iter()
            .zip(wanted)
            .take_while(|(a, b)| a == b)
            .count();
        most = most.max(equal);
    }
    Ok(most)
}

/// Writes what the engine is to load. Layers that it has are named and not sent: engines look for a layer by what
/// it is before they look for its file.
fn write_archive(
    archive: &Path,
    documents: &Documents,
    name: &str,
    all: &[String],
    missing: &[Layer],
) -> io::Result<()> {
    let owner = Ownership {
        id: Some(0),
        mask: 0o777,
    };
    let mut pack = Pack::new(
        BufWriter::with_capacity(CHUNK, File::create(archive)?),
        owner,
    );
    let configuration_file = format!("{}.json", documents.digest);
    let contents = manifest::contents(&configuration_file, name, all.iter().cloned())?;
    pack.file(
        Path::new(&configuration_file),
        0o644,
        0,
        &documents.configuration,
    )?;
    pack.file(Path::new("manifest.json"), 0o644, 0, &contents)?;
    let mut sent = std::collections::BTreeSet::new();
    for layer in missing.iter().filter(|layer| sent.insert(&layer.digest)) {
        let place = PathBuf::from(manifest::layer_file(&layer.digest));
        pack.copy(&place, &layer.archive)?;
    }
    pack.finish()?.flush()
}

/// Streams an archive to the engine.
pub(crate) async fn load(engine: &Engine, archive: &Path) -> Result<()> {
    let file = tokio::fs::File::open(archive).await.map_err(unwritten)?;
    engine
        .call_within(LOADING, "storing an image", |docker| {
            let body = bollard::body_try_stream(chunks(file));
            let told = docker.import_image(ImportImageOptions::default(), body, None);
            told.try_for_each(|_| async { Ok(()) })
        })
        .await
}

/// A file as a stream of bytes.
pub(crate) fn chunks(
    file: tokio::fs::File,
) -> impl futures_util::Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::try_unfold(file, |mut file| async move {
        let mut chunk = vec![0; CHUNK];
        let got = file.read(&mut chunk).await?;
        chunk.truncate(got);
        Ok((got > 0).then(|| (Bytes::from(chunk), file)))
    })
    .boxed()
}
