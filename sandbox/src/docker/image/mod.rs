//! From a spec to an image, and to what is sent to each of its containers.
//!
//! An image is the base image and on top of it, one layer each so that engines share what is equal: the sandbox's
//! own files and first process, read-only mounts (an interpreter, the test harness), and every layer of every
//! tree. The archive of each layer is the same whenever its files are, so one spec gives one image.
//!
//! Reading order: [`walk`] what a host folder holds, [`pack`] archives, [`layer`], [`system`] and [`agent`] the
//! sandbox's own layers, [`content`] those of a spec, [`store`] bringing an image into the engine.

pub(crate) mod agent;
pub(crate) mod content;
pub(crate) mod layer;
pub(crate) mod manifest;
pub(crate) mod pack;
pub(crate) mod store;
pub(crate) mod system;
pub(crate) mod walk;

use std::io;
use std::path::Path;

use super::prepared::Archive;
use crate::native::Launcher;
use crate::{EnvironmentSpec, Result};
use content::Plan;
use layer::Layer;

/// Everything of an image but its base, and of its containers.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) layers: Vec<Layer>,
    pub(crate) trees: Vec<super::prepared::Placed>,
    pub(crate) archive: Archive,
}

/// Writes the archives of all layers into a folder, which has to live until they are sent, and the one that is
/// sent to containers.
pub(crate) fn write(spec: &EnvironmentSpec, launcher: &Launcher, folder: &Path) -> Result<Parts> {
    let plan = Plan::new(spec)
        .map_err(|source| unreadable("reading the environment's folders", source))?;
    let write = || -> io::Result<Parts> {
        let mut layers = vec![system::layer(folder)?, agent::layer(launcher, folder)?];
        layers.extend(plan.layers(folder)?);
        Ok(Parts {
            layers,
            archive: plan.archive()?,
            trees: plan.trees(),
        })
    };
    write().map_err(|source| unreadable("writing the environment's image", source))
}

fn unreadable(context: &str, source: io::Error) -> crate::Error {
    crate::Error::Io {
        context: context.into(),
        source,
    }
}
