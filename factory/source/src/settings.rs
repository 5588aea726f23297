//! The settings that pip and uv honour: indexes, proxies, certificates, credentials.
//!
//! From strongest to weakest: uv's variables, pip's variables, `uv.toml`, `pip.conf` (its site, user and
//! global files), and PyPI's public index if nothing names another. Each answer is the first that is
//! there, as those tools do it; extra indexes add up. Where several indexes have a package, the first one
//! that knows it wins, extra indexes before the default one, as in uv: a public package cannot push
//! itself in front of a private one of the same name.

mod netrc;
mod pip;
mod uv;

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::error::{Error, Result};
use crate::redact::Secret;

pub use netrc::Netrc;

/// A user and a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user; may be empty where a token is enough.
    pub user: String,
    /// The password or token.
    pub password: Secret,
}

/// An index, with its credentials apart from its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// The address of its simple pages, without credentials.
    pub url: Url,
    /// Who to be there.
    pub credentials: Option<Credentials>,
}

/// What is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Indexes in the order they are asked. Empty if only find-links count.
    pub indexes: Vec<Index>,
    /// Folders or pages with files, looked at along with the indexes.
    pub find_links: Vec<String>,
    /// Whether the network is forbidden.
    pub offline: bool,
    /// A proxy for everything; without it `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` count.
    pub proxy: Option<String>,
    /// A bundle of certificate authorities, in addition to the system's.
    pub authorities: Option<PathBuf>,
    /// A client certificate with its key, in one PEM file.
    pub client_certificate: Option<PathBuf>,
    /// Hosts (`host` or `host:port`) whose certificate is not checked.
    pub trusted_hosts: Vec<String>,
    /// Passwords by host.
    pub netrc: Netrc,
    /// How long to wait for an answer, if set.
    pub timeout: Option<Duration>,
}

impl Default for Settings {
    /// PyPI's public index, and nothing special.
    fn default() -> Self {
        Self {
            indexes: index_of("https://pypi.org/simple/", None)
                .into_iter()
                .collect(),
            find_links: Vec::new(),
            offline: false,
            proxy: None,
            authorities: None,
            client_certificate: None,
            trusted_hosts: Vec::new(),
            netrc: Netrc::default(),
            timeout: None,
        }
    }
}

/// One place that settings come from; the strongest that has an answer is taken.
#[derive(Debug, Clone, Default)]
struct Layer {
    place: String,
    index: Option<String>,
    extra: Vec<String>,
    find_links: Vec<String>,
    no_index: Option<bool>,
    offline: Option<bool>,
    proxy: Option<String>,
    authorities: Option<String>,
    client_certificate: Option<String>,
    trusted_hosts: Vec<String>,
    timeout: Option<String>,
}

impl Settings {
    /// The settings of this process: its environment and this machine's files.
    pub fn from_environment() -> Result<Self> {
        Self::gather(&|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// The settings under the variables that `variable` knows; the files are those these lead to.
    pub fn gather(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let mut layers = vec![uv::from_variables(variable), pip::from_variables(variable)];
        layers.extend(uv::from_files(variable)?);
        layers.extend(pip::from_files(variable)?);
        let mut settings = Self {
            netrc: Netrc::gather(variable),
            ..Self::default()
        };
        settings.apply(&layers, variable)?;
        Ok(settings)
    }

    fn apply(&mut self, layers: &[Layer], variable: &dyn Fn(&str) -> Option<String>) -> Result<()> {
        let mut indexes: Vec<Index> = Vec::new();
        let extras = layers.iter().find(|layer| !layer.extra.is_empty());
        for (place, text) in extras
            .iter()
            .flat_map(|layer| layer.extra.iter().map(|text| (&layer.place, text)))
        {
            indexes.push(parse_index(place, text, variable)?);
        }
        match layers
            .iter()
            .find_map(|layer| layer.index.as_ref().map(|text| (&layer.place, text)))
        {
            Some((place, text)) => indexes.push(parse_index(place, text, variable)?),
            None => indexes.append(&mut self.indexes),
        }
        let mut seen = std::collections::BTreeSet::new();
        indexes.retain(|index| seen.insert(index.url.to_string()));
        if layers
            .iter()
            .find_map(|layer| layer.no_index)
            .unwrap_or(false)
        {
            indexes.clear();
        }
        self.indexes = indexes;
        if let Some(layer) = layers.iter().find(|layer| !layer.find_links.is_empty()) {
            self.find_links.clone_from(&layer.find_links);
        }
        if let Some(layer) = layers.iter().find(|layer| !layer.trusted_hosts.is_empty()) {
            self.trusted_hosts.clone_from(&layer.trusted_hosts);
        }
        let first = |pick: fn(&Layer) -> Option<&String>| layers.iter().find_map(pick).cloned();
        self.offline = layers
            .iter()
            .find_map(|layer| layer.offline)
            .unwrap_or(false);
        self.proxy = first(|layer| layer.proxy.as_ref());
        self.authorities = first(|layer| layer.authorities.as_ref())
            .or_else(|| variable("REQUESTS_CA_BUNDLE"))
            .or_else(|| variable("CURL_CA_BUNDLE"))
            .or_else(|| variable("SSL_CERT_FILE"))
            .map(PathBuf::from);
        self.client_certificate =
            first(|layer| layer.client_certificate.as_ref()).map(PathBuf::from);
        self.timeout = first(|layer| layer.timeout.as_ref())
            .and_then(|text| text.parse::<f64>().ok())
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .filter(|timeout| !timeout.is_zero());
        Ok(())
    }

    /// Who to be at an address: an index's own credentials for its host, or `.netrc`'s.
    pub fn credentials_for(&self, url: &Url) -> Option<Credentials> {
        if let Some(own) = split_credentials(url).1 {
            return Some(own);
        }
        let origin = url.origin();
        self.indexes
            .iter()
            .filter(|index| index.url.origin() == origin)
            .find_map(|index| index.credentials.clone())
            .or_else(|| self.netrc.credentials_for(url.host_str()?))
    }

    /// Whether the settings say not to check this host's certificate.
    pub fn trusts(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else {
            return false;
        };
        let with_port = url
            .port_or_known_default()
            .map(|port| format!("{host}:{port}"));
        self.trusted_hosts
            .iter()
            .any(|trusted| trusted == host || Some(trusted) == with_port.as_ref())
    }
}

/// Takes the credentials out of a URL.
pub(crate) fn split_credentials(url: &Url) -> (Url, Option<Credentials>) {
    let mut bare = url.clone();
    if url.username().is_empty() && url.password().is_none() {
        return (bare, None);
    }
    let decode = |text: &str| percent_decode(text);
    let credentials = Credentials {
        user: decode(url.username()),
        password: Secret::new(decode(url.password().unwrap_or_default())),
    };
    // These fail only for URLs that cannot have a user.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    (bare, Some(credentials))
}

fn percent_decode(text: &str) -> String {
    url::form_urlencoded::parse(format!("x={}", text.replace('+', "%2B")).as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

fn index_of(text: &str, credentials: Option<Credentials>) -> Option<Index> {
    let (mut url, own) = split_credentials(&Url::parse(text).ok()?);
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Some(Index {
        url,
        credentials: credentials.or(own),
    })
}

/// `URL`, or `name=URL` as uv writes it, whose credentials may come in variables named after it.
fn parse_index(
    place: &str,
    text: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Index> {
    let (name, address) = match text.split_once('=') {
        Some((name, address)) if !name.contains(':') && !name.contains('/') => {
            (Some(name), address)
        }
        _ => (None, text),
    };
    let named = name.and_then(|name| {
        let name: String = name
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() {
                    c.to_ascii_uppercase()
                } else {
                    '_'
                }
            })
            .collect();
        let user = variable(&format!("UV_INDEX_{name}_USERNAME"));
        let password = variable(&format!("UV_INDEX_{name}_PASSWORD"));
        (user.is_some() || password.is_some()).then(|| Credentials {
            user: user.unwrap_or_default(),
            password: Secret::new(password.unwrap_or_default()),
        })
    });
    index_of(address, named)
        .filter(|index| matches!(index.url.scheme(), "http" | "https" | "file"))
        .ok_or_else(|| Error::Setting {
            place: place.to_owned(),
            reason: format!(
                "'{}' is no address of an index",
                crate::redact::text(address)
            ),
        })
}

/// Words of a value that may list several, on one line or many.
fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// What pip and uv take for yes and no.
fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" | "y" | "t" => Some(true),
        "0" | "false" | "no" | "off" | "n" | "f" => Some(false),
        _ => None,
    }
}
