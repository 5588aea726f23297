//! Where models may come from: package indexes as pip is told them, a hub as its own tools are.

use std::path::{Path, PathBuf};
use std::time::Duration;

use configparser::ini::{Ini, IniDefault};
use url::Url;

use super::error::{Error, Result, io_error};

/// A token, which prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret itself, for the one request that needs it.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("***")
    }
}

/// What is in force. [`Settings::from_environment`] gathers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Package indexes (their simple pages), in the order they are asked; they may hold credentials.
    pub indexes: Vec<Url>,
    /// Folders with wheels, looked at before the indexes.
    pub find_links: Vec<PathBuf>,
    /// The variable that forbids the network for packages, if one does.
    pub packages_offline: Option<&'static str>,
    /// A bundle of certificate authorities, in addition to the system's.
    pub authorities: Option<PathBuf>,
    /// The hub (`HF_ENDPOINT`; a mirror has the same interface).
    pub hub: Url,
    /// The hub's token (`HF_TOKEN`, or what `hf auth login` saved).
    pub hub_token: Option<Secret>,
    /// Whether `HF_HUB_OFFLINE` forbids the network for the hub.
    pub hub_offline: bool,
    /// The cache of the hub's own tools, where a model may lie already.
    pub hub_cache: Option<PathBuf>,
    /// How long to wait for an answer, and between two pieces of a file.
    pub patience: Duration,
}

/// Looks a variable up.
type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Settings {
    /// The settings of this process: its environment and this machine's files.
    pub fn from_environment() -> Result<Self> {
        Self::gather(&|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// The settings under the variables that `variable` knows; the files are those these lead to.
    pub fn gather(variable: Variable<'_>) -> Result<Self> {
        let files = pip_files(variable)?;
        let pip = |key: &str| {
            variable(&format!(
                "PIP_{}",
                key.to_ascii_uppercase().replace('-', "_")
            ))
            .or_else(|| files.iter().find_map(|file| pip_value(file, key)))
        };
        let main = ["UV_DEFAULT_INDEX", "UV_INDEX_URL"]
            .iter()
            .find_map(|name| variable(name));
        let main = main
            .or_else(|| pip("index-url"))
            .unwrap_or_else(|| "https://pypi.org/simple/".to_owned());
        let extra = pip("extra-index-url").unwrap_or_default();
        let indexes = extra
            .split_whitespace()
            .chain(std::iter::once(main.trim()))
            .map(|text| address("the package index", text))
            .collect::<Result<Vec<_>>>()?;
        let find_links = pip("find-links").unwrap_or_default();
        let cache = variable("HF_HUB_CACHE").map(PathBuf::from);
        let hub_home = variable("HF_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(Path::new(&variable("HOME")?).join(".cache/huggingface")));
        let hub = variable("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".to_owned());
        let patience = pip("timeout")
            .or_else(|| pip("default-timeout"))
            .and_then(|text| text.parse().ok())
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .filter(|patience| !patience.is_zero());
        Ok(Self {
            indexes,
            find_links: find_links
                .split_whitespace()
                .map(|place| PathBuf::from(place.trim_start_matches("file://")))
                .collect(),
            packages_offline: if pip("no-index").is_some_and(|text| is_true(&text)) {
                Some("PIP_NO_INDEX")
            } else {
                variable("UV_OFFLINE")
                    .filter(|text| is_true(text))
                    .map(|_| "UV_OFFLINE")
            },
            authorities: pip("cert")
                .or_else(|| variable("REQUESTS_CA_BUNDLE"))
                .or_else(|| variable("CURL_CA_BUNDLE"))
                .or_else(|| variable("SSL_CERT_FILE"))
                .map(PathBuf::from),
            hub: address("HF_ENDPOINT", &hub)?,
            hub_token: variable("HF_TOKEN")
                .or_else(|| saved_token(variable, hub_home.as_deref()))
                .map(Secret),
            hub_offline: variable("HF_HUB_OFFLINE").is_some_and(|text| is_true(&text)),
            hub_cache: cache.or_else(|| Some(hub_home?.join("hub"))),
            patience: patience.unwrap_or(Duration::from_mins(1)),
        })
    }
}

/// A base address, with a `/` at its end so that names can be joined to it.
fn address(place: &str, text: &str) -> Result<Url> {
    let text = if text.ends_with('/') {
        text.to_owned()
    } else {
        format!("{text}/")
    };
    Url::parse(&text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| Error::Setting {
            place: place.to_owned(),
            // Not quoted: it may hold a password.
            reason: "its address is no http or https URL".to_owned(),
        })
}

fn saved_token(variable: Variable<'_>, home: Option<&Path>) -> Option<String> {
    let path = variable("HF_TOKEN_PATH").map(PathBuf::from);
    let text = std::fs::read_to_string(path.or_else(|| Some(home?.join("token")))?).ok()?;
    Some(text.trim().to_owned()).filter(|token| !token.is_empty())
}

/// pip's configuration files that exist, strongest first.
fn pip_files(variable: Variable<'_>) -> Result<Vec<Ini>> {
    let named = variable("PIP_CONFIG_FILE");
    if named.as_deref() == Some("/dev/null") {
        return Ok(Vec::new()); // pip's way to say: no files at all
    }
    let home = variable("HOME").map(PathBuf::from);
    let user = variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(home.as_ref()?.join(".config")));
    let mut places: Vec<PathBuf> = named.map(PathBuf::from).into_iter().collect();
    places.extend(variable("VIRTUAL_ENV").map(|prefix| Path::new(&prefix).join("pip.conf")));
    places.extend(user.map(|folder| folder.join("pip/pip.conf")));
    places.extend(home.map(|home| home.join(".pip/pip.conf")));
    places.push(PathBuf::from("/etc/pip.conf"));
    let mut files = Vec::new();
    for place in places {
        let text = match std::fs::read_to_string(&place) {
            Ok(text) => text,
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::PermissionDenied
                ) =>
            {
                continue;
            }
            Err(error) => return Err(io_error("read", &place)(error)),
        };
        let mut defaults = IniDefault::default();
        defaults.comment_symbols = vec!['#', ';'];
        // Python's parser has no comments within a line: a '#' may be part of a password.
        defaults.inline_comment_symbols = Some(Vec::new());
        defaults.multiline = true;
        let mut file = Ini::new_from_defaults(defaults);
        file.read(text).map_err(|reason| Error::Setting {
            place: place.display().to_string(),
            reason,
        })?;
        files.push(file);
    }
    Ok(files)
}

/// A command's own section counts before `[global]`; pip takes `index_url` for `index-url`.
fn pip_value(file: &Ini, key: &str) -> Option<String> {
    ["download", "install", "global"]
        .iter()
        .find_map(|section| {
            file.get(section, key)
                .or_else(|| file.get(section, &key.replace('-', "_")))
                .filter(|value| !value.trim().is_empty())
        })
}

fn is_true(text: &str) -> bool {
    matches!(
        text.trim().to_ascii_lowercase().as_str(),
        "1" | "true" | "yes" | "on"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gather(pairs: &[(&str, &str)]) -> Result<Settings> {
        Settings::gather(&|name| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found
                .map(|(_, value)| (*value).to_owned())
                .or_else(|| (name == "PIP_CONFIG_FILE").then(|| "/dev/null".to_owned()))
        })
    }

    #[test]
    fn indexes_are_asked_extra_ones_first() {
        let settings = gather(&[
            ("PIP_INDEX_URL", "https://u:p@mine.example/simple"),
            ("PIP_EXTRA_INDEX_URL", "http://a.example/ http://b.example/"),
        ])
        .unwrap();
        let shown: Vec<_> = settings
            .indexes
            .iter()
            .map(|url| url.host_str().unwrap())
            .collect();
        assert_eq!(shown, ["a.example", "b.example", "mine.example"]);
        assert!(settings.indexes[2].path().ends_with("/simple/"));
    }

    #[test]
    fn the_configuration_file_of_pip_counts_below_its_variables() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pip.conf");
        std::fs::write(
            &file,
            "[global]\nindex_url = https://file.example/\ncert = /a.pem\n",
        )
        .unwrap();
        let file = file.to_str().unwrap();
        let settings = gather(&[("PIP_CONFIG_FILE", file)]).unwrap();
        assert_eq!(settings.indexes[0].host_str(), Some("file.example"));
        assert_eq!(settings.authorities.as_deref(), Some(Path::new("/a.pem")));
        let stronger = gather(&[
            ("PIP_CONFIG_FILE", file),
            ("PIP_INDEX_URL", "https://variable.example"),
        ])
        .unwrap();
        assert_eq!(stronger.indexes[0].host_str(), Some("variable.example"));
    }

    #[test]
    fn the_hub_is_a_mirror_where_one_is_named_and_the_token_does_not_print() {
        let settings = gather(&[
            ("HF_ENDPOINT", "http://mirror.example"),
            ("HF_TOKEN", "hf_secret"),
            ("HF_HUB_OFFLINE", "1"),
        ])
        .unwrap();
        assert_eq!(settings.hub.as_str(), "http://mirror.example/");
        assert!(settings.hub_offline);
        assert!(!format!("{settings:?}").contains("hf_secret"));
    }

    #[test]
    fn an_address_that_is_none_is_an_error_without_its_password() {
        let error = gather(&[("PIP_INDEX_URL", "ftp://me:s3cret@x/")])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("package index") && !error.contains("s3cret"),
            "{error}"
        );
    }
}
