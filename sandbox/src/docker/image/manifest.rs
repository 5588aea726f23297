//! The documents that describe an image, in the format of `docker save` (Docker Image Specification v1.2).

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::layer::Layer;

/// When everything was made, as far as images tell: a time that never changes.
const EPOCH: &str = "1970-01-01T00:00:00Z";

/// The base that layers are put on.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    pub(crate) architecture: String,
    /// The digests of its layers.
    pub(crate) layers: Vec<String>,
    /// Its variables.
    pub(crate) variables: Vec<String>,
}

#[derive(Serialize)]
struct Configuration<'a> {
    architecture: &'a str,
    os: &'static str,
    created: &'static str,
    config: Container<'a>,
    rootfs: Layers<'a>,
    history: Vec<Step<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Container<'a> {
    env: &'a [String],
    labels: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    working_dir: &'a str,
    cmd: [&'static str; 1],
}

#[derive(Serialize)]
struct Layers<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    diff_ids: Vec<&'a str>,
}

#[derive(Serialize)]
struct Step<'a> {
    created: &'static str,
    created_by: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Content<'a> {
    config: &'a str,
    repo_tags: [&'a str; 1],
    layers: Vec<String>,
}

/// An image's configuration, and its digest, which names the image.
#[derive(Debug)]
pub(crate) struct Documents {
    pub(crate) configuration: Vec<u8>,
    pub(crate) digest: String,
}

/// Describes an image.
pub(crate) fn documents(
    base: &Base,
    layers: &[Layer],
    labels: &BTreeMap<String, String>,
    user: Option<&str>,
    working_directory: &str,
) -> serde_json::Result<Documents> {
    let own = layers.iter().map(|layer| layer.digest.as_str());
    let base_steps = base.layers.iter().map(|_| "the base image");
    let steps = base_steps.chain(layers.iter().map(|layer| layer.what.as_str()));
    let configuration = Configuration {
        architecture: &base.architecture,
        os: "linux",
        created: EPOCH,
        config: Container {
            env: &base.variables,
            labels,
            user,
            working_dir: working_directory,
            cmd: ["/bin/sh"],
        },
        rootfs: Layers {
            kind: "layers",
            diff_ids: base.layers.iter().map(String::as_str).chain(own).collect(),
        },
        history: steps
            .map(|created_by| Step {
                created: EPOCH,
                created_by,
            })
            .collect(),
    };
    let configuration = serde_json::to_vec(&configuration)?;
    Ok(Documents {
        digest: hex::encode(Sha256::digest(&configuration)),
        configuration,
    })
}

/// The archive's table of contents: where the configuration is and the layers are.
pub(crate) fn contents(
    configuration: &str,
    name: &str,
    digests: impl Iterator<Item = String>,
) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&[Content {
        config: configuration,
        repo_tags: [name],
        layers: digests.map(|digest| layer_file(&digest)).collect(),
    }])
}

/// A layer's file in the archive.
pub(crate) fn layer_file(digest: &str) -> String {
    format!("{}/layer.tar", digest.trim_start_matches("sha256:"))
}
