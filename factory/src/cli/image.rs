//! `swemill image`: the images that containers are made of.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde_json::json;
use swemill_sandbox::docker::{Image, Images};
use swemill_store::environments;

use super::output::Output;
use super::progress::Progress;
use crate::image::{Bootstrap, bootstrap};
use crate::machine::Machine;
use crate::service::Service;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make the base image with debootstrap: a minimal Debian with what Pythons need
    Bootstrap(BootstrapArguments),
    /// Make the images of built environments now, not when they are first used
    Build {
        /// Environments by the beginning of their digest
        #[arg(value_name = "DIGEST", required_unless_present = "all")]
        digests: Vec<String>,
        /// All environments in the store
        #[arg(long, conflicts_with = "digests")]
        all: bool,
    },
    /// List the images of swemill, with their sizes
    List,
    /// Send an environment's image to a registry
    Push {
        /// The image, by its name or the beginning of its environment's digest
        image: String,
        /// Where to: REGISTRY/REPOSITORY:TAG
        #[arg(long, value_name = "NAME")]
        to: String,
    },
    /// Remove the environments' images that no container uses; they are made again when they are needed
    Prune {
        /// The base images, too
        #[arg(long)]
        base: bool,
    },
}

#[derive(Debug, Args)]
struct BootstrapArguments {
    /// The release, such as `bookworm` (default: this machine's own)
    #[arg(long, value_name = "SUITE")]
    suite: Option<String>,
    /// Where its packages come from (default: this machine's own source)
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
    /// A package beside those that swemill needs; may be repeated
    #[arg(long = "package", value_name = "NAME")]
    packages: Vec<String>,
    /// The image's name (default: the setting `docker_base_image`)
    #[arg(long, value_name = "NAME:TAG")]
    name: Option<String>,
    /// Do nothing when there is an image of this name
    #[arg(long)]
    if_missing: bool,
}

pub(super) async fn run(
    arguments: Arguments,
    settings: Settings,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let host = Some(settings.docker_host.as_str()).filter(|host| !host.is_empty());
    match arguments.verb {
        Verb::Bootstrap(arguments) => {
            make_base(&Images::connect(host).await?, arguments, &settings, output).await?;
        }
        Verb::Build { digests, all } => build(&digests, all, settings, output).await?,
        Verb::List => list(&Images::connect(host).await?, output).await?,
        Verb::Push { image, to } => {
            push(&Images::connect(host).await?, &image, &to, output).await?;
        }
        Verb::Prune { base } => prune(&Images::connect(host).await?, base, output).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn make_base(
    images: &Images,
    arguments: BootstrapArguments,
    settings: &Settings,
    output: &Output,
) -> anyhow::Result<()> {
    let name = arguments
        .name
        .unwrap_or_else(|| settings.docker_base_image.clone());
    if arguments.if_missing && images.has(&name).await? {
        return report(output, &name, None);
    }
    let wanted = Bootstrap {
        suite: arguments.suite,
        mirror: arguments.mirror,
        packages: arguments.packages,
        name: name.clone(),
    };
    let tell = |step: &str| output.note(format_args!("{step}"));
    let bytes = bootstrap(images, &wanted, &tell).await?;
    report(output, &name, Some(bytes))
}

fn report(output: &Output, name: &str, bytes: Option<u64>) -> anyhow::Result<()> {
    if output.is_json() {
        return output.document(&json!({ "name": name, "bytes": bytes }));
    }
    match bytes {
        Some(bytes) => output.line(format_args!("{name}: {}", size(bytes))),
        None => output.line(format_args!("{name} is there already")),
    }
    Ok(())
}

async fn build(
    digests: &[String],
    all: bool,
    mut settings: Settings,
    output: &Output,
) -> anyhow::Result<()> {
    settings.backend = crate::backends::Wanted::Docker;
    let service = Service::open(settings).await?;
    let machine = Machine::open(&service, Arc::new(Progress::new(output))).await?;
    let known = environments::list(service.pool()).await?;
    let mut made = Vec::new();
    for wanted in digests {
        if !known
            .iter()
            .any(|environment| environment.digest.starts_with(wanted))
        {
            bail!("there is no environment {wanted}; `swemill status` lists them");
        }
    }
    for environment in &known {
        let named = digests
            .iter()
            .any(|wanted| environment.digest.starts_with(wanted));
        if all || named {
            machine
                .environment(environment.id)
                .await
                .with_context(|| format!("environment {}", environment.digest))?;
            output.line(format_args!("{}: its image is there", environment.digest));
            made.push(&environment.digest);
        }
    }
    if output.is_json() {
        output.document(&made)?;
    }
    service.close().await
}

async fn list(images: &Images, output: &Output) -> anyhow::Result<()> {
    let all = images.list().await?;
    if output.is_json() {
        return output.document(&all);
    }
    if all.is_empty() {
        output.line("there are none; `swemill image bootstrap` makes the base image");
        return Ok(());
    }
    output.line(format_args!(
        "{:<40} {:>9} {:>9}  of",
        "image", "whole", "its own"
    ));
    for image in &all {
        let of = image
            .labels
            .get("source")
            .or_else(|| image.labels.get("suite"));
        output.line(format_args!(
            "{:<40} {:>9} {:>9}  {}",
            name(image),
            size(image.bytes),
            image.own_bytes.map_or_else(|| "?".to_owned(), size),
            of.map_or("", String::as_str),
        ));
    }
    Ok(())
}

async fn push(images: &Images, wanted: &str, to: &str, output: &Output) -> anyhow::Result<()> {
    let all = images.list().await?;
    let found = all.iter().find(|image| {
        let digest = image.labels.get("digest");
        image.names.iter().any(|name| name == wanted)
            || digest.is_some_and(|digest| digest.starts_with(wanted))
    });
    let Some(image) = found else {
        bail!("there is no image {wanted}; `swemill image list` shows what there is");
    };
    // A colon before the last slash belongs to the registry's port.
    let (repository, tag) = match to.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (to, "latest"),
    };
    images.name(&image.id, repository, tag).await?;
    images.push(repository, tag).await?;
    if output.is_json() {
        return output
            .document(&json!({ "image": image.id, "name": format!("{repository}:{tag}") }));
    }
    output.line(format_args!("{} is {repository}:{tag} now", name(image)));
    Ok(())
}

async fn prune(images: &Images, base: bool, output: &Output) -> anyhow::Result<()> {
    let used = images.in_use().await?;
    let mut removed = Vec::new();
    for image in images.list().await? {
        let wanted = image.kind == "environment" || (base && image.kind == "base");
        if wanted && !used.contains(&image.id) && images.remove(&image).await? {
            output.line(format_args!("removed {}", name(&image)));
            removed.push(image);
        }
    }
    if output.is_json() {
        return output.document(&removed);
    }
    let freed: u64 = removed.iter().filter_map(|image| image.own_bytes).sum();
    output.line(format_args!(
        "{} removed, {} of their own",
        removed.len(),
        size(freed)
    ));
    Ok(())
}

fn name(image: &Image) -> &str {
    image.names.first().map_or(&image.id, String::as_str)
}

/// Bytes for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes / 1000),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10),
    }
}
