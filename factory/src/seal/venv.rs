//! Copies of the original among installed packages: a layer that covers them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::view::{Entry, View};
use crate::breakage::Breakage;

/// Larger files are no Python source.
const MOST_BYTES: u64 = 4 << 20;

/// Writes into `layer` what has to lie over the virtual environment: files that hold the original's text, broken
/// alike and without their bytecode; records that tell digests of files which are not there. Returns their paths.
pub(super) fn shadow(view: &View, breakage: &Breakage, layer: &Path) -> io::Result<Vec<String>> {
    let entries = view.walk(&|_| false)?;
    let mut shadowed = Vec::new();
    let mut cover = |path: &Path, bytes: &[u8]| -> io::Result<()> {
        let target = layer.join(path);
        fs::create_dir_all(target.parent().unwrap_or(layer))?;
        fs::write(target, bytes)?;
        shadowed.push(path.display().to_string());
        Ok(())
    };
    for (path, entry) in &entries {
        let Entry::File { place, .. } = entry else {
            continue;
        };
        if path.file_name().is_some_and(|name| name == "RECORD") {
            let record = fs::read_to_string(place).unwrap_or_default();
            let kept = known_lines(&record, path, &|file| entries.contains_key(file));
            if kept != record {
                cover(path, kept.as_bytes())?;
            }
            continue;
        }
        let is_bytecode_of = path.extension().is_some_and(|extension| extension == "pyc");
        if is_bytecode_of {
            let source = source_of(path);
            let orphan = !entries.contains_key(&source);
            let names = breakage.names();
            let is_ours = || names.iter().any(|name| source.ends_with(name));
            if orphan && is_ours() {
                // An empty file is no bytecode: Python reads the source instead.
                cover(path, b"")?;
            }
            continue;
        }
        if path
            .extension()
            .is_none_or(|extension| extension != "py" && extension != "orig")
            || fs::metadata(place)?.len() > MOST_BYTES
        {
            continue;
        }
        let Ok(text) = fs::read_to_string(place) else {
            continue;
        };
        if let Some(broken) = breakage.spread(&text) {
            cover(path, broken.as_bytes())?;
            let bytecode = entries
                .keys()
                .filter(|other| other.extension().is_some_and(|ending| ending == "pyc"))
                .filter(|other| source_of(other) == *path);
            for other in bytecode {
                cover(other, b"")?;
            }
        }
    }
    Ok(shadowed)
}

/// The source that a file of bytecode was made from.
fn source_of(bytecode: &Path) -> PathBuf {
    let name = bytecode.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').next().unwrap_or_default();
    let folder = bytecode.parent().unwrap_or(Path::new(""));
    let folder = if folder.ends_with("__pycache__") {
        folder.parent().unwrap_or(Path::new(""))
    } else {
        folder
    };
    folder.join(format!("{stem}.py"))
}

/// The lines of a package's record whose files are there.
fn known_lines(record: &str, path: &Path, exists: &dyn Fn(&Path) -> bool) -> String {
    let packages = path
        .parent()
        .and_then(Path::parent)
        .unwrap_or(Path::new(""));
    let is_known = |line: &&str| {
        let name = line.split(',').next().unwrap_or_default().trim_matches('"');
        // Scripts lie outside of the packages' folder, bytecode may be made later; neither has a digest of source.
        name.starts_with("..")
            || Path::new(name).extension() == Some("pyc".as_ref())
            || exists(&packages.join(name))
    };
    record.split_inclusive('\n').filter(is_known).collect()
}

/// Folders of Python packages that a native sandbox sees of the host.
pub(super) fn folders_of_the_host() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for library in ["/usr/lib", "/usr/local/lib"] {
        for entry in fs::read_dir(library).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with("python") {
                for packages in ["dist-packages", "site-packages"] {
                    found.push(entry.path().join(packages));
                }
            }
        }
    }
    found.retain(|folder| folder.is_dir());
    found.sort();
    found
}
