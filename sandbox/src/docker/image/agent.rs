//! The layer with the program that becomes a container's first process: this very program, with the loader and
//! the libraries that it was linked with, so that nothing is asked of the base image.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::layer::{self, Layer};
use super::system::ROOT_OWNED;
use crate::native::Launcher;

/// The hidden argument by which a program knows that it is to become a container's first process.
pub const ARGUMENT: &str = "container-first";

/// Where swemill's own files lie inside.
pub(crate) const OWN_FOLDER: &str = "/.swemill";

const LOADER: &str = "/.swemill/first/loader";
const LIBRARIES: &str = "/.swemill/first/lib";
const PROGRAM: &str = "/.swemill/first/program";

/// What a container starts: the loader, since the place that the program names for it is the base image's.
pub(crate) fn command() -> Vec<String> {
    [LOADER, "--library-path", LIBRARIES, PROGRAM, ARGUMENT]
        .map(str::to_owned)
        .into()
}

/// Makes the layer.
pub(crate) fn layer(launcher: &Launcher, folder: &Path) -> io::Result<Layer> {
    let program = program_file(launcher);
    let image = fs::read(&program)?;
    let loader = elf::interpreter(&image).ok_or_else(|| {
        io::Error::other(format!(
            "{} names no loader: it is not linked dynamically",
            program.display()
        ))
    })?;
    let libraries = libraries(&loader, &program)?;
    layer::write(folder, "the first process", ROOT_OWNED, |pack| {
        let place = |path: &str| PathBuf::from(path.trim_start_matches('/'));
        pack.folder(&place(OWN_FOLDER), 0o755)?;
        pack.folder(&place("/.swemill/first"), 0o755)?;
        pack.file(&place(LOADER), 0o755, 0, &fs::read(&loader)?)?;
        pack.file(&place(PROGRAM), 0o755, 0, elf::stripped(image).as_slice())?;
        pack.folder(&place(LIBRARIES), 0o755)?;
        for (name, path) in &libraries {
            pack.file(&place(LIBRARIES).join(name), 0o644, 0, &fs::read(path)?)?;
        }
        Ok(())
    })
}

/// The launcher's program; the running one also when its file was replaced meanwhile.
fn program_file(launcher: &Launcher) -> PathBuf {
    if launcher.program == Path::new("/proc/self/exe") {
        format!("/proc/{}/exe", std::process::id()).into()
    } else {
        launcher.program.clone()
    }
}

/// The libraries that a loader would load for a program: their names and files.
fn libraries(loader: &Path, program: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let listed = Command::new(loader).arg("--list").arg(program).output()?;
    if !listed.status.success() {
        let words = String::from_utf8_lossy(&listed.stderr).into_owned();
        return Err(io::Error::other(format!(
            "listing the libraries of {}: {words}",
            program.display()
        )));
    }
    let mut found: Vec<_> = String::from_utf8_lossy(&listed.stdout)
        .lines()
        .filter_map(|line| {
            let (name, rest) = line.trim().split_once(" => ")?;
            let (path, _) = rest.rsplit_once(" (")?;
            Some((name.to_owned(), PathBuf::from(path)))
        })
        .collect();
    found.sort();
    Ok(found)
}

/// What has to be known of a program's file, from the System V ABI (ELF-64, little-endian).
mod elf {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    use std::path::PathBuf;

    const INTERPRETER: u32 = 3;
    /// Where the file header tells of segments and sections.
    const SEGMENTS: usize = 0x20;
    const SECTIONS: usize = 0x28;
    const SEGMENT_SIZE: usize = 0x36;
    const SEGMENT_COUNT: usize = 0x38;
    const SECTION_COUNT: usize = 0x3c;
    const SECTION_NAMES: usize = 0x3e;

    struct Segment {
        kind: u32,
        offset: usize,
        bytes: usize,
    }

    fn segments(file: &[u8]) -> Option<Vec<Segment>> {
        if !file.starts_with(b"\x7fELF\x02\x01") {
            return None;
        }
        let table = number(file, SEGMENTS, 8)?;
        let size = number(file, SEGMENT_SIZE, 2)?;
        let count = number(file, SEGMENT_COUNT, 2)?;
        let read = |index: usize| {
            let at = table + index * size;
            Some(Segment {
                kind: u32::try_from(number(file, at, 4)?).ok()?,
                offset: number(file, at + 8, 8)?,
                bytes: number(file, at + 32, 8)?,
            })
        };
        (0..count).map(read).collect()
    }

    fn number(file: &[u8], at: usize, bytes: usize) -> Option<usize> {
        let mut wide = [0; 8];
        wide[..bytes].copy_from_slice(file.get(at..at + bytes)?);
        usize::try_from(u64::from_le_bytes(wide)).ok()
    }

    /// The loader that a program names.
    pub(super) fn interpreter(file: &[u8]) -> Option<PathBuf> {
        let segments = segments(file)?;
        let named = segments
            .iter()
            .find(|segment| segment.kind == INTERPRETER)?;
        let path = file.get(named.offset..named.offset + named.bytes)?;
        let path = path.split(|byte| *byte == 0).next()?;
        Some(OsString::from_vec(path.to_vec()).into())
    }

    /// A program without what is not loaded, such as debug information.
    pub(super) fn stripped(mut file: Vec<u8>) -> Vec<u8> {
        let Some(segments) = segments(&file) else {
            return file;
        };
        let end = segments
            .iter()
            .map(|segment| segment.offset + segment.bytes)
            .max();
        if let Some(end) = end.filter(|end| *end <= file.len() && *end > SECTION_NAMES + 2) {
            file.truncate(end);
            for (at, bytes) in [(SECTIONS, 8), (SECTION_COUNT, 2), (SECTION_NAMES, 2)] {
                file[at..at + bytes].fill(0);
            }
        }
        file
    }
}
