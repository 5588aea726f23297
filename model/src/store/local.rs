//! Models from this machine: a GGUF file, or a folder in the hub's layout.

use std::path::{Path, PathBuf};

use super::blocking;
use super::error::{Error, Result, io_error};

/// Copies a model's files into `folder`.
pub(super) async fn copy(source: &Path, folder: &Path) -> Result<()> {
    let (source, folder) = (source.to_owned(), folder.to_owned());
    blocking(move || {
        for path in parts(&source)? {
            let name = if source.is_file() {
                path.file_name().map(PathBuf::from)
            } else {
                path.strip_prefix(&source).ok().map(PathBuf::from)
            };
            let to = folder.join(name.unwrap_or_else(|| PathBuf::from("model")));
            if let Some(parent) = to.parent() {
                std::fs::create_dir_all(parent).map_err(io_error("create", parent))?;
            }
            std::fs::copy(&path, &to).map_err(io_error("copy to", &to))?;
        }
        Ok(())
    })
    .await
}

/// The files of a model: a GGUF file alone; of a folder the JSON, text and safetensors files at its top, and the
/// pooling of sentence models.
fn parts(source: &Path) -> Result<Vec<PathBuf>> {
    if source.is_file() {
        return Ok(vec![source.to_owned()]);
    }
    let mut found = Vec::new();
    for item in std::fs::read_dir(source).map_err(io_error("read", source))? {
        let path = item.map_err(io_error("read", source))?.path();
        let extension = path
            .extension()
            .and_then(|extension| extension.to_str())
            .unwrap_or_default();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().to_ascii_uppercase())
            .unwrap_or_default();
        let wanted = matches!(extension, "json" | "safetensors" | "gguf" | "jinja" | "txt")
            || name.starts_with("LICEN");
        if wanted && path.is_file() && !name.starts_with('.') {
            found.push(path);
        }
    }
    let pooling = source.join("1_Pooling/config.json");
    found.extend(pooling.is_file().then_some(pooling));
    let has = |extension: &str| {
        found
            .iter()
            .any(|path| path.extension().is_some_and(|it| it == extension))
    };
    let whole = has("safetensors") && source.join("config.json").is_file();
    if !whole && !has("gguf") {
        return Err(Error::Unreadable {
            path: source.to_owned(),
            reason: "it has neither config.json with safetensors nor a GGUF file".to_owned(),
        });
    }
    Ok(found)
}
