//! Installing: wheels in a trusted room, everything that has to be built in a foreign one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use regex::Regex;
use swemill_sandbox::{Command, Upper};

use crate::built::{TESTBED, VENV, layer};
use crate::error::{BuildFailure, Result, Step};
use crate::lock;
use crate::plan::normalise;
use crate::recipe::Install;
use crate::words;
use crate::workshop::{self, Done, PACKAGES, Room, Trust, Workshop};

/// The most dependencies of one project that are built from source.
const MOST_BUILT: usize = 40;

/// The folder of one build, on the host: below the shared folder of packages, so that files of the cache can be
/// linked into it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site<'a> {
    pub(crate) folder: &'a Path,
}

impl Site<'_> {
    pub(crate) fn layer(self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// What build backends that read versions from tags are told.
pub(crate) fn version_variables(version: Option<&str>) -> BTreeMap<String, String> {
    let version = version.unwrap_or("0.1.dev0");
    let mut variables: BTreeMap<String, String> = [
        "SETUPTOOLS_SCM_PRETEND_VERSION",
        "PBR_VERSION",
        "PDM_BUILD_SCM_VERSION",
    ]
    .map(|name| (name.to_owned(), version.to_owned()))
    .into();
    for name in [
        "POETRY_DYNAMIC_VERSIONING_BYPASS",
        "UV_DYNAMIC_VERSIONING_BYPASS",
    ] {
        variables.insert(name.to_owned(), version.to_owned());
    }
    variables
}

/// Makes the virtual environment and installs every wheel of the lock into it. No code but uv's runs.
///
/// Returns the names of those that have no wheel.
pub(crate) async fn wheels(
    workshop: &Workshop<'_>,
    site: Site<'_>,
    lock: &str,
) -> Result<Vec<String>> {
    let room = workshop
        .open(Step::Wheels, Trust::Trusted, Vec::new())
        .await?;
    let name = site
        .folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let venv = format!("{PACKAGES}/{name}/{}", layer::DEPENDENCIES);
    let python = workshop.interpreter.path_inside().display().to_string();
    // The folder is seen at another path later.
    let made = room
        .run(Room::uv(&[
            "venv",
            "--quiet",
            "--relocatable",
            "--python",
            &python,
            &venv,
        ]))
        .await?;
    if !made.success {
        return Err(words::failure(
            Step::Wheels,
            "the virtual environment cannot be made",
            &made.text(),
        ));
    }
    let python = format!("{venv}/bin/python");
    let no_wheel = Regex::new(r"Wheels are required for `([^`]+)`").expect("the pattern is valid");
    let mut built: Vec<String> = Vec::new();
    loop {
        let wanted = lock::select(lock, &built, false);
        room.write("/tmp/wheels.txt", &wanted).await?;
        let done = room
            .run(Room::uv(&[
                "pip",
                "install",
                "--quiet",
                "--python",
                &python,
                "--no-deps",
                "--require-hashes",
                "--only-binary",
                ":all:",
                "--link-mode",
                "hardlink",
                "-r",
                "/tmp/wheels.txt",
            ]))
            .await?;
        if done.success {
            built.sort();
            return Ok(built);
        }
        let text = done.text();
        let names: Vec<String> = no_wheel
            .captures_iter(&text)
            .map(|found| normalise(&found[1]))
            .collect();
        let known = built.len();
        for name in names {
            if !built.contains(&name) {
                built.push(name);
            }
        }
        if built.len() == known || built.len() > MOST_BUILT {
            return Err(words::failure(
                Step::Wheels,
                "the dependencies cannot be installed",
                &text,
            ));
        }
    }
}

/// Builds and installs the dependencies that have no wheel.
pub(crate) async fn sdists(
    workshop: &Workshop<'_>,
    site: Site<'_>,
    lock: &str,
    built: &[String],
    cutoff: Option<&str>,
) -> Result<()> {
    if built.is_empty() {
        return Ok(());
    }
    let room = foreign_room(workshop, site, Step::Sdists, Upper::Memory).await?;
    room.write("/tmp/built.txt", &lock::select(lock, built, true))
        .await?;
    let python = format!("{VENV}/bin/python");
    let mut words = vec![
        "pip",
        "install",
        "--quiet",
        "--python",
        &python,
        "--no-deps",
        "--require-hashes",
        "--link-mode",
        "copy",
        "-r",
        "/tmp/built.txt",
    ];
    if let Some(day) = cutoff {
        words.extend(["--exclude-newer", day]);
    }
    let done = room.run(Room::uv(&words)).await?;
    room.close().await?;
    if done.success {
        return Ok(());
    }
    let what = format!(
        "these have no wheel and cannot be built: {}",
        built.join(", ")
    );
    Err(words::failure(Step::Sdists, &what, &done.text()))
}

/// Installs the project so that its files in `/testbed` are what is imported.
pub(crate) async fn project(
    workshop: &Workshop<'_>,
    site: Site<'_>,
    version: Option<&str>,
    cutoff: Option<&str>,
    notes: &mut Vec<String>,
) -> Result<Install> {
    let generated = Upper::Folder(site.layer(layer::GENERATED));
    let room = foreign_room(workshop, site, Step::Project, generated).await?;
    let install = install_in(&room, version, cutoff, notes).await?;
    room.close().await?;
    Ok(install)
}

async fn install_in(
    room: &Room,
    version: Option<&str>,
    cutoff: Option<&str>,
    notes: &mut Vec<String>,
) -> Result<Install> {
    let done = uv_install(room, &["-e", TESTBED], version, cutoff).await?;
    if done.success {
        return Ok(Install::Editable);
    }
    let missing = if done.text().contains("build_editable") {
        "no editable installs"
    } else {
        "a failure"
    };
    notes.push(format!(
        "the project's backend has {missing}: {}",
        words::gist(&done.text())
    ));
    let done = uv_install(room, &[TESTBED], version, cutoff).await?;
    if !done.success {
        notes.push(format!(
            "it cannot be installed as a wheel either: {}",
            words::gist(&done.text())
        ));
        return Ok(Install::Path);
    }
    let command =
        Command::new([format!("{VENV}/bin/python").as_str(), "-I", "-"]).stdin(TAKE_COPIES_AWAY);
    let moved = room.run(command.working_directory(TESTBED)).await?;
    if moved.success {
        Ok(Install::Metadata)
    } else {
        Err(BuildFailure::environment(
            Step::Project,
            format!(
                "the installed copy of the project could not be taken away: {}",
                words::gist(&moved.text())
            ),
            "report the project: this is a case that swemill should know",
        ))
    }
}

async fn uv_install(
    room: &Room,
    what: &[&str],
    version: Option<&str>,
    cutoff: Option<&str>,
) -> Result<Done> {
    let python = format!("{VENV}/bin/python");
    let mut words = vec![
        "pip",
        "install",
        "--quiet",
        "--python",
        &python,
        "--no-deps",
        "--link-mode",
        "copy",
    ];
    words.extend(what);
    if let Some(day) = cutoff {
        words.extend(["--exclude-newer", day]);
    }
    let mut command = Room::uv(&words);
    command.variables.extend(version_variables(version));
    room.run(command).await
}

async fn foreign_room(
    workshop: &Workshop<'_>,
    site: Site<'_>,
    step: Step,
    generated: Upper,
) -> Result<Room> {
    let trees = vec![
        workshop::venv(
            vec![site.layer(layer::DEPENDENCIES)],
            Upper::Folder(site.layer(layer::BUILT)),
        ),
        workshop::testbed(vec![site.layer(layer::TESTBED)], generated),
    ];
    workshop.open(step, Trust::Foreign, trees).await
}

/// Runs inside: of what the project's wheel installed, removes what the repository has too, and moves what a
/// build generated beside the file that imports it.
const TAKE_COPIES_AWAY: &str = r#"
import csv, glob, os, shutil, sysconfig
site = sysconfig.get_path("purelib")
roots = [root for root in (".", "src", "lib", "python") if os.path.isdir(root)]
for record in glob.glob(os.path.join(site, "*.dist-info", "RECORD")):
    direct = os.path.join(os.path.dirname(record), "direct_url.json")
    if not os.path.exists(direct) or "file:///testbed" not in open(direct).read():
        continue
    for row in csv.reader(open(record, newline="")):
        path = row[0]
        installed = os.path.join(site, path)
        if ".dist-info" in path or path.startswith("..") or not os.path.isfile(installed):
            continue
        for root in roots:
            own = os.path.join(root, path)
            if os.path.exists(own):
                os.remove(installed)
                break
            if "/" in path and os.path.isdir(os.path.join(root, path.split("/")[0])):
                os.makedirs(os.path.dirname(own), exist_ok=True)
                shutil.move(installed, own)
                break
        folder = os.path.dirname(installed)
        while folder != site and os.path.isdir(folder) and not os.listdir(folder):
            os.rmdir(folder)
            folder = os.path.dirname(folder)
"#;
