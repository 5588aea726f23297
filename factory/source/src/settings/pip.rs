//! pip's variables and `pip.conf`.

use std::path::{Path, PathBuf};

use configparser::ini::{Ini, IniDefault};

use super::{Layer, truth, words};
use crate::error::{Error, Result, io};

/// The layer of the `PIP_…` variables.
pub(super) fn from_variables(variable: &dyn Fn(&str) -> Option<String>) -> Layer {
    layer("the PIP_… variables", &|key| {
        variable(&format!(
            "PIP_{}",
            key.to_ascii_uppercase().replace('-', "_")
        ))
    })
}

/// The layers of the configuration files, strongest first.
pub(super) fn from_files(variable: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Layer>> {
    let named = variable("PIP_CONFIG_FILE");
    if named.as_deref() == Some("/dev/null") {
        return Ok(Vec::new()); // pip's way to say: no files at all
    }
    let home = variable("HOME").map(PathBuf::from);
    let user = variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| home.as_ref().map(|home| home.join(".config")));
    let mut files: Vec<PathBuf> = Vec::new();
    files.extend(named.map(PathBuf::from));
    files.extend(variable("VIRTUAL_ENV").map(|prefix| Path::new(&prefix).join("pip.conf")));
    files.extend(user.map(|folder| folder.join("pip/pip.conf")));
    files.extend(home.map(|home| home.join(".pip/pip.conf")));
    files.push(PathBuf::from("/etc/pip.conf"));
    let shared = variable("XDG_CONFIG_DIRS").unwrap_or_else(|| "/etc/xdg".to_owned());
    files.extend(
        shared
            .split(':')
            .filter(|folder| !folder.is_empty())
            .map(|folder| Path::new(folder).join("pip/pip.conf")),
    );
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

/// The sections of one file that count here: a command's own before `[global]`.
fn from_text(file: &Path, text: &str) -> Result<Vec<Layer>> {
    let mut defaults = IniDefault::default();
    defaults.comment_symbols = vec!['#', ';'];
    // Python's parser has no comments within a line: a '#' may be part of a password.
    defaults.inline_comment_symbols = Some(Vec::new());
    defaults.multiline = true;
    defaults.delimiters = vec!['=', ':'];
    let mut ini = Ini::new_from_defaults(defaults);
    ini.read(text.to_owned()).map_err(|reason| Error::Setting {
        place: file.display().to_string(),
        reason,
    })?;
    Ok(["download", "install", "global"]
        .iter()
        .map(|section| {
            layer(&file.display().to_string(), &|key| {
                // pip takes `index_url` for `index-url`.
                ini.get(section, key)
                    .or_else(|| ini.get(section, &key.replace('-', "_")))
                    .filter(|value| !value.trim().is_empty())
            })
        })
        .collect())
}

fn layer(place: &str, value: &dyn Fn(&str) -> Option<String>) -> Layer {
    let list = |key: &str| value(key).map(|text| words(&text)).unwrap_or_default();
    Layer {
        place: place.to_owned(),
        index: value("index-url")
            .or_else(|| value("pypi-url"))
            .map(|text| text.trim().to_owned()),
        extra: list("extra-index-url"),
        find_links: list("find-links"),
        no_index: value("no-index").and_then(|text| truth(&text)),
        offline: None,
        proxy: value("proxy"),
        authorities: value("cert"),
        client_certificate: value("client-cert"),
        trusted_hosts: list("trusted-host"),
        timeout: value("timeout").or_else(|| value("default-timeout")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn global(text: &str) -> Layer {
        from_text(Path::new("pip.conf"), text)
            .unwrap()
            .pop()
            .unwrap()
    }

    #[test]
    fn a_value_may_span_lines_and_hold_a_hash() {
        let layer = global(
            "[global]\nindex-url = https://u:p#w@one.example/simple\nextra-index-url =\n    https://two.example/simple\n    https://three.example/simple\n# a comment\nproxy: http://proxy.example:3128\n",
        );
        assert_eq!(
            layer.index.as_deref(),
            Some("https://u:p#w@one.example/simple")
        );
        assert_eq!(
            layer.extra,
            ["https://two.example/simple", "https://three.example/simple"]
        );
        assert_eq!(layer.proxy.as_deref(), Some("http://proxy.example:3128"));
    }

    #[test]
    fn underscores_stand_for_dashes_in_keys() {
        assert!(
            global("[global]\nindex_url = https://x.example/\n")
                .index
                .is_some()
        );
    }

    #[test]
    fn a_broken_file_is_named_in_the_error() {
        let error = from_text(Path::new("/some/pip.conf"), "[global\nindex-url=x\n").unwrap_err();
        assert!(error.to_string().contains("/some/pip.conf"), "{error}");
    }
}
