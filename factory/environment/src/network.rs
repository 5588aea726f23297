//! What a build needs to reach package indexes: the settings that pip and uv honour, for builds only.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use swemill_sandbox::Mount;

use crate::plan::ini;

/// Variables and files of this machine that name indexes, proxies, credentials and certificates.
#[derive(Clone, Default)]
pub struct NetworkSettings {
    /// Variables for uv and for what build backends fetch with.
    pub variables: BTreeMap<String, String>,
    /// Files that the variables name, read-only.
    pub mounts: Vec<Mount>,
    /// The same for steps in which no foreign code runs: credentials.
    pub trusted_mounts: Vec<Mount>,
    /// Variables that go with them.
    pub trusted_variables: BTreeMap<String, String>,
}

// Values may hold passwords, so they are not shown.
impl std::fmt::Debug for NetworkSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NetworkSettings")
            .field("variables", &self.variables.keys())
            .finish_non_exhaustive()
    }
}

/// uv's own variables and everyone's for proxies.
const PASSED_ON: [&str; 24] = [
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_INDEX_STRATEGY",
    "UV_INSECURE_HOST",
    "UV_HTTP_TIMEOUT",
    "UV_HTTP_RETRIES",
    "UV_CONCURRENT_DOWNLOADS",
    "UV_EXCLUDE_NEWER",
    "UV_NATIVE_TLS",
    "UV_SYSTEM_CERTS",
    "UV_KEYRING_PROVIDER",
    "UV_OFFLINE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "FTP_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "ftp_proxy",
];

/// Variables that name a bundle of certificates, the most specific first.
const BUNDLES: [&str; 4] = [
    "SSL_CERT_FILE",
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
];

const BUNDLE_INSIDE: &str = "/opt/swemill/ca-bundle.pem";
const NETRC_INSIDE: &str = "/opt/swemill/netrc";
const UV_CONFIG_INSIDE: &str = "/opt/swemill/uv.toml";

impl NetworkSettings {
    /// Reads this process's environment and the user's configuration files.
    pub fn of_this_machine() -> Self {
        let home = std::env::var_os("HOME")
            .map(PathBuf::from)
            .unwrap_or_default();
        Self::read(
            &|name| std::env::var(name).ok().filter(|value| !value.is_empty()),
            &home,
        )
    }

    fn read(variable: &dyn Fn(&str) -> Option<String>, home: &Path) -> Self {
        let mut settings = Self::default();
        for name in PASSED_ON {
            if let Some(value) = variable(name) {
                settings.variables.insert(name.into(), value);
            }
        }
        for name in std::env::vars().map(|(name, _)| name) {
            let credentials = name.starts_with("UV_INDEX_")
                && (name.ends_with("_USERNAME") || name.ends_with("_PASSWORD"));
            if let (true, Some(value)) = (credentials, variable(&name)) {
                settings.trusted_variables.insert(name, value);
            }
        }
        let pip = pip_configuration(variable, home);
        let pip = |key: &str| {
            let name = format!("PIP_{}", key.to_uppercase().replace('-', "_"));
            variable(&name).or_else(|| pip.get(key).cloned())
        };
        // uv has no eye for pip's settings: they are told in its own words.
        let known = |settings: &Self, names: &[&str]| {
            names
                .iter()
                .any(|name| settings.variables.contains_key(*name))
        };
        if !known(&settings, &["UV_DEFAULT_INDEX", "UV_INDEX_URL"]) {
            settings
                .variables
                .extend(pip("index-url").map(|url| ("UV_DEFAULT_INDEX".into(), url)));
        }
        if !known(&settings, &["UV_INDEX", "UV_EXTRA_INDEX_URL"]) {
            let urls = pip("extra-index-url")
                .map(|urls| urls.split_whitespace().collect::<Vec<_>>().join(" "));
            settings
                .variables
                .extend(urls.map(|urls| ("UV_INDEX".into(), urls)));
        }
        if !known(&settings, &["UV_INSECURE_HOST"]) {
            let hosts = pip("trusted-host")
                .map(|hosts| hosts.split_whitespace().collect::<Vec<_>>().join(" "));
            settings
                .variables
                .extend(hosts.map(|hosts| ("UV_INSECURE_HOST".into(), hosts)));
        }
        for name in ["UV_NO_INDEX", "PIP_NO_INDEX"] {
            let set =
                variable(name).filter(|value| !matches!(value.as_str(), "0" | "false" | "no"));
            settings
                .variables
                .extend(set.map(|_| ("UV_NO_INDEX".into(), "1".into())));
        }
        settings.mount_links(
            &variable("UV_FIND_LINKS")
                .or_else(|| pip("find-links"))
                .unwrap_or_default(),
        );
        settings.mount_certificates(
            BUNDLES
                .iter()
                .find_map(|name| variable(name))
                .or_else(|| pip("cert")),
        );
        settings.mount_credentials(variable, home);
        settings
    }

    /// Folders and pages with files beside the index. uv separates them by commas, pip by blanks.
    fn mount_links(&mut self, links: &str) {
        let mut named = Vec::new();
        for link in links
            .split([',', ' ', '\n', '\t'])
            .filter(|link| !link.is_empty())
        {
            let folder = Path::new(link.strip_prefix("file://").unwrap_or(link));
            if folder.is_dir() {
                let target = format!("/opt/swemill/links-{}", named.len());
                self.mounts.push(read_only(folder.to_owned(), &target));
                named.push(target);
            } else if link.contains("://") {
                named.push(link.to_owned());
            }
        }
        if !named.is_empty() {
            self.variables
                .insert("UV_FIND_LINKS".into(), named.join(","));
        }
    }

    fn mount_certificates(&mut self, bundle: Option<String>) {
        let Some(source) = bundle.map(PathBuf::from).filter(|bundle| bundle.is_file()) else {
            return;
        };
        for name in BUNDLES {
            self.variables.insert(name.into(), BUNDLE_INSIDE.into());
        }
        self.mounts.push(read_only(source, BUNDLE_INSIDE));
    }

    fn mount_credentials(&mut self, variable: &dyn Fn(&str) -> Option<String>, home: &Path) {
        let netrc = variable("NETRC").map_or_else(|| home.join(".netrc"), PathBuf::from);
        if netrc.is_file() {
            self.trusted_variables
                .insert("NETRC".into(), NETRC_INSIDE.into());
            self.trusted_mounts.push(read_only(netrc, NETRC_INSIDE));
        }
        let configuration =
            variable("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
        let named = variable("UV_CONFIG_FILE").map(PathBuf::from);
        let places = [
            named,
            Some(configuration.join("uv/uv.toml")),
            Some("/etc/uv/uv.toml".into()),
        ];
        if let Some(file) = places.into_iter().flatten().find(|file| file.is_file()) {
            self.variables
                .insert("UV_CONFIG_FILE".into(), UV_CONFIG_INSIDE.into());
            self.mounts.push(read_only(file, UV_CONFIG_INSIDE));
        }
    }
}

/// pip's `[global]` and `[install]` settings, later files winning as pip has it.
fn pip_configuration(
    variable: &dyn Fn(&str) -> Option<String>,
    home: &Path,
) -> BTreeMap<String, String> {
    let configuration =
        variable("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
    let named = variable("PIP_CONFIG_FILE").map(PathBuf::from);
    let files = [
        Some("/etc/pip.conf".into()),
        Some(home.join(".pip/pip.conf")),
        Some(configuration.join("pip/pip.conf")),
        named,
    ];
    let mut merged = BTreeMap::new();
    for file in files.into_iter().flatten() {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let mut sections = ini::parse(&text).unwrap_or_default();
        for section in ["global", "install"] {
            merged.extend(sections.remove(section).unwrap_or_default());
        }
    }
    merged
}

fn read_only(source: PathBuf, target: &str) -> Mount {
    Mount {
        source,
        target: target.into(),
        writable: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)], home: &Path) -> NetworkSettings {
        let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
        NetworkSettings::read(
            &|name| variables.get(name).map(|value| (*value).to_owned()),
            home,
        )
    }

    #[test]
    fn pips_index_is_told_to_uv_and_uvs_own_setting_wins() {
        let home = tempfile::tempdir().unwrap();
        let pip = ("PIP_INDEX_URL", "https://pip.example/simple");
        assert_eq!(
            read(&[pip], home.path()).variables["UV_DEFAULT_INDEX"],
            pip.1
        );
        let both = read(
            &[pip, ("UV_DEFAULT_INDEX", "https://uv.example/simple")],
            home.path(),
        );
        assert_eq!(
            both.variables["UV_DEFAULT_INDEX"],
            "https://uv.example/simple"
        );
    }

    #[test]
    fn pip_conf_is_read_and_the_environment_wins() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join(".config/pip")).unwrap();
        let text = "[global]\nindex-url = https://file.example/simple\nextra-index-url =\n    https://a.example\n    https://b.example\n";
        std::fs::write(home.path().join(".config/pip/pip.conf"), text).unwrap();
        let settings = read(&[], home.path());
        assert_eq!(
            settings.variables["UV_DEFAULT_INDEX"],
            "https://file.example/simple"
        );
        assert_eq!(
            settings.variables["UV_INDEX"],
            "https://a.example https://b.example"
        );
        let settings = read(
            &[("PIP_INDEX_URL", "https://variable.example")],
            home.path(),
        );
        assert_eq!(
            settings.variables["UV_DEFAULT_INDEX"],
            "https://variable.example"
        );
    }

    #[test]
    fn credentials_are_for_trusted_steps_and_never_shown() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join(".netrc"), "machine a login b password c").unwrap();
        let settings = read(&[("HTTPS_PROXY", "http://user:secret@proxy")], home.path());
        assert_eq!(settings.trusted_mounts.len(), 1);
        assert!(
            settings
                .mounts
                .iter()
                .all(|mount| !mount.source.ends_with(".netrc"))
        );
        assert!(!format!("{settings:?}").contains("secret"));
    }

    #[test]
    fn a_folder_of_wheels_is_mounted_where_uv_looks_and_one_that_is_not_there_is_left_out() {
        let home = tempfile::tempdir().unwrap();
        let links = format!(
            "{} /not/there https://links.example/",
            home.path().display()
        );
        let settings = read(
            &[("PIP_FIND_LINKS", &links), ("PIP_NO_INDEX", "1")],
            home.path(),
        );
        assert_eq!(
            settings.variables["UV_FIND_LINKS"],
            "/opt/swemill/links-0,https://links.example/"
        );
        assert_eq!(settings.variables["UV_NO_INDEX"], "1");
        assert_eq!(settings.mounts[0].source, home.path());
    }

    #[test]
    fn a_bundle_of_certificates_is_mounted_under_every_name() {
        let home = tempfile::tempdir().unwrap();
        let bundle = home.path().join("ca.pem");
        std::fs::write(&bundle, "").unwrap();
        let settings = read(&[("PIP_CERT", bundle.to_str().unwrap())], home.path());
        assert_eq!(settings.variables["SSL_CERT_FILE"], BUNDLE_INSIDE);
        assert_eq!(settings.variables["REQUESTS_CA_BUNDLE"], BUNDLE_INSIDE);
        assert_eq!(settings.mounts[0].source, bundle);
    }
}
