//! Is this Python at all?

use std::path::Path;

use crate::error::{Error, Result};
use crate::tree;

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
    Ok(tree::scan(folder)?
        .keys()
        .any(|path| path.ends_with(b".py")))
}
