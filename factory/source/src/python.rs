//! Is this Python at all?

use std::fs;
use std::path::Path;

use crate::error::{Error, Result, io};

/// Passes if a folder holds at least one Python module; a project file without any has nothing to test.
///
/// `place` names the source in the error.
pub fn require_python(place: &str, folder: &Path) -> Result<()> {
    if has_module(folder)? {
        return Ok(());
    }
    Err(Error::NotPython {
        place: place.to_owned(),
    })
}

fn has_module(folder: &Path) -> Result<bool> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(&folder).map_err(io("list", &folder))? {
            let item = item.map_err(io("list", &folder))?;
            let kind = item.file_type().map_err(io("look at", &folder))?;
            let place = item.path();
            if kind.is_dir() {
                folders.push(place);
            } else if kind.is_file() && place.extension().is_some_and(|suffix| suffix == "py") {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
