//! A minimal Debian, or another system that debootstrap knows, as an image.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::SystemTime;

use anyhow::{Context as _, bail};
use swemill_sandbox::docker::Images;
use tokio::process::Command;

use super::{release, settle};

/// What Pythons and test suites need beside the essential packages: the system's own interpreter, the libraries
/// that interpreters from elsewhere are linked with, git, and the tables of services and file types.
const PACKAGES: &[&str] = &[
    "ca-certificates",
    "git",
    "libbz2-1.0",
    "libexpat1",
    "libffi8",
    "libgdbm6",
    "libgomp1",
    "liblzma5",
    "libncursesw6",
    "libnsl2",
    "libreadline8",
    "libsqlite3-0",
    "libssl3",
    "libstdc++6",
    "libuuid1",
    "media-types",
    "netbase",
    "patch",
    "procps",
    "python3",
    "tzdata",
    "zlib1g",
];

/// What to make.
#[derive(Clone, Debug)]
pub struct Bootstrap {
    /// The release; this machine's own otherwise, so that its interpreters are the same.
    pub suite: Option<String>,
    /// Where its packages come from; this machine's own source otherwise.
    pub mirror: Option<String>,
    /// Packages beside those that swemill needs.
    pub packages: Vec<String>,
    /// The image's name, `repository:tag`.
    pub name: String,
}

/// Makes a base image and stores it in the engine; its size in bytes. `tell` hears which step began.
pub async fn bootstrap(
    images: &Images,
    wanted: &Bootstrap,
    tell: &dyn Fn(&str),
) -> anyhow::Result<u64> {
    let suite = wanted.suite.clone().or_else(release::code_name).context(
        "this system does not say which release it is; name one with --suite, for example `bookworm`",
    )?;
    let mirror = wanted.mirror.clone().or_else(|| release::mirror(&suite));
    let folder = tempfile::Builder::new()
        .prefix("swemill-bootstrap-")
        .tempdir()
        .context("cannot make a folder for the new system")?;
    let root = folder.path().join("root");
    let began = SystemTime::now();
    tell(&format!("debootstrap fetches and unpacks {suite}"));
    debootstrap(&suite, mirror.as_deref(), &wanted.packages, &root).await?;
    tell("removing what would differ the next time");
    let (settled, place) = (root.clone(), folder.path().to_owned());
    tokio::task::spawn_blocking(move || settle::settle(&settled, began))
        .await?
        .context("cannot tidy up the new system")?;
    tell(&format!("storing {}", wanted.name));
    let labels = BTreeMap::from([("suite".to_owned(), suite)]);
    let bytes = images
        .import_base(&root, &place, &wanted.name, &labels)
        .await?;
    // What is left belongs to root, and so do we.
    drop(folder);
    Ok(bytes)
}

async fn debootstrap(
    suite: &str,
    mirror: Option<&str>,
    more: &[String],
    root: &Path,
) -> anyhow::Result<()> {
    if !nix::unistd::geteuid().is_root() {
        bail!(
            "debootstrap needs root: run `sudo swemill image bootstrap`, or take an image of your own (`docker_base_image`)"
        );
    }
    let packages: Vec<&str> = PACKAGES
        .iter()
        .copied()
        .chain(more.iter().map(String::as_str))
        .collect();
    let mut command = Command::new("debootstrap");
    command
        .args(["--variant=minbase", "--merged-usr"])
        .arg(format!("--include={}", packages.join(",")))
        .arg(suite)
        .arg(root)
        .args(mirror)
        .env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        )
        .env("LC_ALL", "C")
        .env("SOURCE_DATE_EPOCH", "0")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = match command.output().await {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            bail!("debootstrap is not installed: `apt-get install debootstrap`")
        }
        output => output.context("cannot start debootstrap")?,
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stdout);
        let last: Vec<&str> = said.lines().rev().take(5).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        bail!(
            "debootstrap of {suite} failed ({}):\n{}\n{}\nanother mirror can be named with --mirror",
            output.status,
            last.join("\n"),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}
