//! uv's variables and `uv.toml`.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::{Layer, truth, words};
use crate::error::{Error, Result, io};

/// The layer of the `UV_…` variables.
pub(super) fn from_variables(variable: &dyn Fn(&str) -> Option<String>) -> Layer {
    let list = |name: &str| variable(name).map(|text| words(&text)).unwrap_or_default();
    let mut extra = list("UV_INDEX");
    extra.extend(list("UV_EXTRA_INDEX_URL"));
    Layer {
        place: "the UV_… variables".to_owned(),
        index: variable("UV_DEFAULT_INDEX").or_else(|| variable("UV_INDEX_URL")),
        extra,
        // Unlike pip's, uv's list is separated by commas.
        find_links: variable("UV_FIND_LINKS")
            .map(|text| {
                text.split(',')
                    .map(|word| word.trim().to_owned())
                    .filter(|word| !word.is_empty())
                    .collect()
            })
            .unwrap_or_default(),
        no_index: variable("UV_NO_INDEX").and_then(|text| truth(&text)),
        offline: variable("UV_OFFLINE").and_then(|text| truth(&text)),
        proxy: None,
        authorities: None,
        client_certificate: variable("SSL_CLIENT_CERT"),
        trusted_hosts: list("UV_INSECURE_HOST"),
        timeout: variable("UV_HTTP_TIMEOUT"),
    }
}

/// The layers of the user's and the system's `uv.toml`, or of the one that `UV_CONFIG_FILE` names.
pub(super) fn from_files(variable: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Layer>> {
    if variable("UV_NO_CONFIG").and_then(|text| truth(&text)) == Some(true) {
        return Ok(Vec::new());
    }
    let mut files: Vec<PathBuf> = Vec::new();
    if let Some(named) = variable("UV_CONFIG_FILE") {
        files.push(PathBuf::from(named));
    } else {
        let user = variable("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .or_else(|| variable("HOME").map(|home| Path::new(&home).join(".config")));
        files.extend(user.map(|folder| folder.join("uv/uv.toml")));
        let shared = variable("XDG_CONFIG_DIRS").unwrap_or_else(|| "/etc/xdg".to_owned());
        files.extend(
            shared
                .split(':')
                .filter(|folder| !folder.is_empty())
                .map(|folder| Path::new(folder).join("uv/uv.toml")),
        );
        files.push(PathBuf::from("/etc/uv/uv.toml"));
    }
    let mut layers = Vec::new();
    for file in files {
        match std::fs::read_to_string(&file) {
            Ok(text) => layers.extend(from_text(&file, &text)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {}
            Err(error) => return Err(io("read", &file)(error)),
        }
    }
    Ok(layers)
}

/// The `[pip]` table of one file, then its top level.
fn from_text(file: &Path, text: &str) -> Result<Vec<Layer>> {
    let place = file.display().to_string();
    let table: Table = text
        .parse()
        .map_err(|error: toml::de::Error| Error::Setting {
            place: place.clone(),
            reason: error.message().to_owned(),
        })?;
    let mut layers = Vec::new();
    if let Some(Value::Table(pip)) = table.get("pip") {
        layers.push(layer(&place, pip));
    }
    layers.push(layer(&place, &table));
    Ok(layers)
}

fn layer(place: &str, table: &Table) -> Layer {
    let text = |key: &str| table.get(key).and_then(Value::as_str).map(str::to_owned);
    let list = |key: &str| match table.get(key) {
        Some(Value::Array(items)) => items
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        Some(Value::String(one)) => vec![one.clone()],
        _ => Vec::new(),
    };
    let mut index = text("index-url");
    let mut extra: Vec<String> = Vec::new();
    for entry in table
        .get("index")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let flag = |key: &str| entry.get(key).and_then(Value::as_bool).unwrap_or(false);
        let Some(url) = entry.get("url").and_then(Value::as_str) else {
            continue;
        };
        // An explicit index serves only the packages that a project assigns to it.
        if flag("explicit") {
            continue;
        }
        let named = match entry.get("name").and_then(Value::as_str) {
            Some(name) => format!("{name}={url}"),
            None => url.to_owned(),
        };
        if flag("default") {
            index = Some(named);
        } else {
            extra.push(named);
        }
    }
    extra.extend(list("extra-index-url"));
    Layer {
        place: place.to_owned(),
        index,
        extra,
        find_links: list("find-links"),
        no_index: table.get("no-index").and_then(Value::as_bool),
        offline: table.get("offline").and_then(Value::as_bool),
        proxy: text("https-proxy"),
        authorities: None,
        client_certificate: None,
        trusted_hosts: list("allow-insecure-host"),
        timeout: None,
    }
}
