//! The settings of pip and uv, and which of them wins.

use std::collections::BTreeMap;

use swemill_source::Settings;
use url::Url;

use crate::support::write;

/// The settings under these variables and files; `{home}` stands for the home folder.
fn gather(variables: &[(&str, &str)], files: &[(&str, &str)]) -> Settings {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), files);
    let shown = home.path().display().to_string();
    let mut all: BTreeMap<String, String> = BTreeMap::from([
        ("HOME".to_owned(), shown.clone()),
        // The files of this machine have no say.
        ("PIP_CONFIG_FILE".to_owned(), "/dev/null".to_owned()),
        ("XDG_CONFIG_DIRS".to_owned(), shown.clone()),
    ]);
    for (name, value) in variables {
        all.insert((*name).to_owned(), value.replace("{home}", &shown));
    }
    Settings::gather(&|name| all.get(name).cloned()).unwrap()
}

fn indexes(settings: &Settings) -> Vec<&str> {
    settings
        .indexes
        .iter()
        .map(|index| index.url.as_str())
        .collect()
}

#[test]
fn without_any_setting_the_public_index_is_asked() {
    assert_eq!(gather(&[], &[]), Settings::default());
}

#[test]
fn variables_win_over_files_and_uv_over_pip() {
    let uv = ("UV_DEFAULT_INDEX", "https://uv.example/simple");
    let pip = ("PIP_INDEX_URL", "https://pip.example/simple/");
    let config = ("PIP_CONFIG_FILE", "{home}/pip.conf");
    let file = (
        "pip.conf",
        "[global]\nindex-url = https://file.example/simple\n",
    );
    assert_eq!(
        indexes(&gather(&[uv, pip, config], &[file])),
        ["https://uv.example/simple/"]
    );
    assert_eq!(
        indexes(&gather(&[pip, config], &[file])),
        ["https://pip.example/simple/"]
    );
    assert_eq!(
        indexes(&gather(&[config], &[file])),
        ["https://file.example/simple/"]
    );
}

#[test]
fn the_users_and_a_virtual_environments_files_are_read() {
    let files = [
        (
            ".config/pip/pip.conf",
            "[global]\nindex-url = https://user.example/\nproxy = http://proxy.example:1\n",
        ),
        (
            "env/pip.conf",
            "[global]\nindex-url = https://site.example/\n",
        ),
        (
            "named.conf",
            "[install]\ntrusted-host = a.example\n  b.example:8080\n",
        ),
    ];
    let settings = gather(
        &[
            ("PIP_CONFIG_FILE", "{home}/named.conf"),
            ("VIRTUAL_ENV", "{home}/env"),
        ],
        &files,
    );
    assert_eq!(indexes(&settings), ["https://site.example/"]);
    assert_eq!(settings.proxy.as_deref(), Some("http://proxy.example:1"));
    let trusts = |url: &str| settings.trusts(&Url::parse(url).unwrap());
    assert!(trusts("https://a.example/x") && trusts("https://b.example:8080/"));
    assert!(!trusts("https://b.example/") && !trusts("https://c.example/"));
}

#[test]
fn indexes_of_uv_files_and_variables_are_read_with_their_credentials() {
    let file = "[[index]]\nname = \"corp-main\"\nurl = \"https://corp.example/simple\"\n\
                [[index]]\nurl = \"https://default.example/simple\"\ndefault = true\n\
                [[index]]\nurl = \"https://explicit.example/simple\"\nexplicit = true\n";
    let variables = [
        ("UV_INDEX_CORP_MAIN_USERNAME", "me"),
        ("UV_INDEX_CORP_MAIN_PASSWORD", "pw"),
    ];
    let settings = gather(&variables, &[(".config/uv/uv.toml", file)]);
    assert_eq!(
        indexes(&settings),
        [
            "https://corp.example/simple/",
            "https://default.example/simple/"
        ]
    );
    let who = settings
        .credentials_for(&Url::parse("https://corp.example/files/x").unwrap())
        .unwrap();
    assert_eq!((who.user.as_str(), who.password.reveal()), ("me", "pw"));
    assert_eq!(
        settings.credentials_for(&Url::parse("https://default.example/").unwrap()),
        None
    );
    let settings = gather(
        &[("UV_INDEX", "https://a.example/ b=https://b.example/")],
        &[],
    );
    assert_eq!(
        indexes(&settings),
        [
            "https://a.example/",
            "https://b.example/",
            "https://pypi.org/simple/"
        ]
    );
}

#[test]
fn credentials_with_special_characters_are_decoded_and_not_printed() {
    let settings = gather(
        &[(
            "PIP_INDEX_URL",
            "https://me%40corp:p%2Fw+1@x.example/simple/",
        )],
        &[],
    );
    let who = settings.indexes[0].credentials.clone().unwrap();
    assert_eq!(
        (who.user.as_str(), who.password.reveal()),
        ("me@corp", "p/w+1")
    );
    assert!(!format!("{settings:?}").contains("p/w+1"));
}

#[test]
fn certificates_follow_pip_then_requests_then_openssl() {
    let found = |variables: &[(&str, &str)]| {
        gather(variables, &[])
            .authorities
            .map(|path| path.display().to_string())
    };
    let (pip, requests, ssl) = (
        ("PIP_CERT", "/a"),
        ("REQUESTS_CA_BUNDLE", "/b"),
        ("SSL_CERT_FILE", "/c"),
    );
    assert_eq!(found(&[pip, requests, ssl]).as_deref(), Some("/a"));
    assert_eq!(found(&[requests, ssl]).as_deref(), Some("/b"));
    assert_eq!(found(&[ssl]).as_deref(), Some("/c"));
    assert_eq!(found(&[]), None);
}

#[test]
fn an_address_that_is_none_is_an_error_that_hides_its_password() {
    let error = Settings::gather(&|name| {
        (name == "PIP_INDEX_URL").then(|| "ftp://me:s3cret@x/".to_owned())
    })
    .unwrap_err();
    let words = error.to_string();
    assert!(
        words.contains("PIP_") && !words.contains("s3cret"),
        "{words}"
    );
}
