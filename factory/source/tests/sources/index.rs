//! Package indexes: a server of JSON, one of HTML, one behind a password, and others that misbehave.

use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use swemill_source::{Error, Fetcher, Repository, Result, Settings, Source};

use crate::server::{Answer, Request, Server, answer, with_header};
use crate::support::{fetcher, limits, settings};

const JSON: &str = "application/vnd.pypi.simple.v1+json";

/// The sdist of a package of one module.
fn sdist(version: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    let info = format!("Metadata-Version: 2.1\nName: my-pkg\nVersion: {version}\nLicense: MIT\n\n");
    for (name, text) in [("PKG-INFO", info.as_str()), ("my_pkg.py", "x = 1\n")] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        let path = format!("my_pkg-{version}/{name}");
        builder
            .append_data(&mut header, path, text.as_bytes())
            .unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Entries of the page in JSON: name, digest and what `yanked` says.
fn json_page(files: &[(&str, &str, &str)]) -> Answer {
    let files: Vec<String> = files
        .iter()
        .map(|(name, digest, yanked)| {
            format!(r#"{{"filename":"{name}","url":"/files/{name}","hashes":{{"sha256":"{digest}"}},"yanked":{yanked}}}"#)
        })
        .collect();
    let page = format!(
        r#"{{"meta":{{"api-version":"1.0"}},"name":"my-pkg","files":[{}]}}"#,
        files.join(",")
    );
    answer(200, JSON, page)
}

/// An index in JSON with versions 1.0, 1.1 (yanked), 1.2 (a wheel only), 2.0rc1 and 1.3.
fn json_index(request: &Request) -> Answer {
    let digest = |version: &str| sha256(&sdist(version));
    if request.path == "/simple/my-pkg/" {
        return json_page(&[
            ("my_pkg-1.0.tar.gz", &digest("1.0"), "false"),
            (
                "my_pkg-1.1.tar.gz",
                &digest("1.1"),
                "\"broken on Tuesdays\"",
            ),
            ("my_pkg-1.2-py3-none-any.whl", "00", "false"),
            ("my_pkg-2.0rc1.tar.gz", &digest("2.0rc1"), "false"),
            ("my_pkg-1.3.tar.gz", &digest("1.3"), "false"),
        ]);
    }
    match request
        .path
        .strip_prefix("/files/my_pkg-")
        .and_then(|rest| rest.strip_suffix(".tar.gz"))
    {
        Some(version) => answer(200, "application/gzip", sdist(version)),
        None => answer(404, "text/html", "no"),
    }
}

async fn fetch_with(fetcher: &Fetcher, place: &Path, spec: &str) -> Result<Repository> {
    let source: Source = spec.parse()?;
    let tree = tempfile::Builder::new()
        .prefix("tree-")
        .tempdir_in(place)
        .unwrap()
        .keep();
    fetcher.fetch(&source, None, &tree).await
}

async fn fetch(place: &Path, index: &str, spec: &str) -> Result<Repository> {
    fetch_with(&fetcher(place, index), place, spec).await
}

#[tokio::test]
async fn a_version_is_fetched_and_without_one_the_newest_stable() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::start(json_index);
    let index = format!("{}/simple", server.address);
    let found = fetch(place.path(), &index, "pypi:My_Pkg==1.0.0")
        .await
        .unwrap();
    assert_eq!(found.spec, "pypi:my-pkg==1.0");
    assert_eq!(
        (found.owner.as_str(), found.name.as_str()),
        ("pypi", "my-pkg")
    );
    assert_eq!(found.licence.expression.as_deref(), Some("MIT"));
    let newest = fetch(place.path(), &index, "pypi:my.pkg").await.unwrap();
    assert_eq!(newest.spec, "pypi:my-pkg==1.3");
    assert_ne!(found.commit, newest.commit);
}

#[tokio::test]
async fn a_download_is_made_once() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::start(json_index);
    let index = format!("{}/simple", server.address);
    let first = fetch(place.path(), &index, "pypi:my-pkg==1.0")
        .await
        .unwrap();
    let second = fetch(place.path(), &index, "pypi:my-pkg==1.0")
        .await
        .unwrap();
    assert_eq!(first.commit, second.commit);
    let downloads = server
        .seen
        .lock()
        .unwrap()
        .iter()
        .filter(|request| request.path.starts_with("/files/"))
        .count();
    assert_eq!(downloads, 1);
}

#[tokio::test]
async fn what_is_missing_is_said_exactly() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::start(json_index);
    let index = format!("{}/simple", server.address);
    let error = |spec: &'static str| {
        let (place, index) = (place.path().to_owned(), index.clone());
        async move { fetch(&place, &index, spec).await.unwrap_err() }
    };
    let yanked = error("pypi:my-pkg==1.1").await;
    assert!(
        matches!(&yanked, Error::Yanked { .. }) && yanked.to_string().contains("Tuesdays"),
        "{yanked}"
    );
    let wheel = error("pypi:my-pkg==1.2").await;
    assert!(matches!(wheel, Error::NoSdist { .. }), "{wheel}");
    let missing = error("pypi:my-pkg==1.2.5").await;
    assert!(
        missing.to_string().contains("1.3") && matches!(missing, Error::NoVersion { .. }),
        "{missing}"
    );
    let unknown = error("pypi:other").await;
    assert!(
        matches!(unknown, Error::NotFound { .. }) && unknown.to_string().contains("other"),
        "{unknown}"
    );
}

#[tokio::test]
async fn an_index_in_html_does_as_well_and_redirects_are_followed() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::start(|request| match request.path.as_str() {
        "/simple/my-pkg/" => {
            with_header(answer(302, "text/plain", ""), "location", "/moved/my-pkg/")
        }
        "/moved/my-pkg/" => {
            let digest = sha256(&sdist("1.0"));
            answer(
                200,
                "text/html; charset=utf-8",
                format!("<a href='../f/my_pkg-1.0.tar.gz#sha256={digest}'>x</a>"),
            )
        }
        "/moved/f/my_pkg-1.0.tar.gz" => answer(200, "x", sdist("1.0")),
        _ => answer(404, "text/plain", ""),
    });
    let index = format!("{}/simple/", server.address);
    let found = fetch(place.path(), &index, "pypi:my-pkg==1.0")
        .await
        .unwrap();
    assert!(found.tree.join("my_pkg.py").is_file());
}

#[tokio::test]
async fn bytes_that_are_not_those_announced_are_thrown_away() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::start(|request| {
        if request.path.starts_with("/files/") {
            answer(200, "x", sdist("6.6"))
        } else {
            json_page(&[("my_pkg-1.0.tar.gz", &sha256(&sdist("1.0")), "false")])
        }
    });
    let error = fetch(
        place.path(),
        &format!("{}/simple/", server.address),
        "pypi:my-pkg==1.0",
    )
    .await
    .unwrap_err();
    assert!(matches!(error, Error::Digest { .. }), "{error}");
    let mut kept = Vec::new();
    let mut folders = vec![place.path().join("cache")];
    while let Some(folder) = folders.pop() {
        for item in std::fs::read_dir(folder).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                kept.push(path);
            }
        }
    }
    assert!(kept.is_empty(), "{kept:?}");
}

#[tokio::test]
async fn a_password_comes_from_the_url_or_netrc_and_is_never_shown() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::start(|request| match request.header("authorization") {
        Some("Basic bWU6czNjcmV0") => json_index(request),
        _ => answer(401, "text/plain", "who are you?"),
    });
    let bare = format!("{}/simple/", server.address);
    let error = fetch(place.path(), &bare, "pypi:my-pkg==1.0")
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NeedsPassword { .. }), "{error}");
    let wrong = bare.replace("http://", "http://me:wrong-s3cret@");
    let error = fetch(place.path(), &wrong, "pypi:my-pkg==1.0")
        .await
        .unwrap_err();
    assert!(!format!("{error} {error:?} {:?}", settings(&wrong)).contains("s3cret"));
    let right = bare.replace("http://", "http://me:s3cret@");
    let found = fetch(place.path(), &right, "pypi:my-pkg==1.0")
        .await
        .unwrap();
    assert!(!format!("{found:?}").contains("s3cret"));
    let netrc = place.path().join("netrc");
    std::fs::write(&netrc, "machine 127.0.0.1 login me password s3cret\n").unwrap();
    let settings = Settings::gather(&|name| match name {
        "PIP_INDEX_URL" => Some(bare.clone()),
        "NETRC" => Some(netrc.display().to_string()),
        _ => None,
    })
    .unwrap();
    let fetcher = Fetcher::new(place.path().join("other-cache"), settings, limits());
    fetch_with(&fetcher, place.path(), "pypi:my-pkg==1.0")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_password_does_not_follow_to_another_server() {
    let place = tempfile::tempdir().unwrap();
    let files = Server::start(|_| answer(200, "x", sdist("1.0")));
    let other = files.address.clone();
    let index = Server::start(move |_| {
        answer(
            200,
            "text/html",
            format!("<a href='{other}/my_pkg-1.0.tar.gz'>x</a>"),
        )
    });
    let url = format!("{}/simple/", index.address).replace("http://", "http://me:s3cret@");
    fetch(place.path(), &url, "pypi:my-pkg==1.0").await.unwrap();
    assert!(
        index.seen.lock().unwrap()[0]
            .header("authorization")
            .is_some()
    );
    assert_eq!(files.seen.lock().unwrap()[0].header("authorization"), None);
}

#[tokio::test]
async fn a_server_in_trouble_is_asked_again_and_one_that_is_silent_is_given_up() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let place = tempfile::tempdir().unwrap();
    let tries = AtomicUsize::new(0);
    let server = Server::start(move |request| match tries.fetch_add(1, Ordering::SeqCst) {
        0 => answer(503, "text/plain", "later"),
        _ => json_index(request),
    });
    fetch(
        place.path(),
        &format!("{}/simple/", server.address),
        "pypi:my-pkg==1.0",
    )
    .await
    .unwrap();
    let silent = Server::start(|_| {
        std::thread::sleep(std::time::Duration::from_mins(1));
        answer(200, "x", "")
    });
    let error = fetch(
        place.path(),
        &format!("{}/simple/", silent.address),
        "pypi:my-pkg",
    )
    .await
    .unwrap_err();
    assert!(
        matches!(error, Error::Network { .. }) && error.is_transient(),
        "{error}"
    );
}

#[tokio::test]
async fn a_private_index_comes_before_the_public_one() {
    let place = tempfile::tempdir().unwrap();
    let public = Server::start(|_| json_page(&[("my_pkg-99.0.tar.gz", "00", "false")]));
    let private = Server::start(json_index);
    let (default, extra) = (
        format!("{}/simple", public.address),
        format!("{}/simple", private.address),
    );
    let settings = Settings::gather(&|name| match name {
        "PIP_INDEX_URL" => Some(default.clone()),
        "PIP_EXTRA_INDEX_URL" => Some(extra.clone()),
        _ => None,
    })
    .unwrap();
    let fetcher = Fetcher::new(place.path().join("cache"), settings, limits());
    let found = fetch_with(&fetcher, place.path(), "pypi:my-pkg")
        .await
        .unwrap();
    assert_eq!(found.spec, "pypi:my-pkg==1.3");
}

#[tokio::test]
async fn find_links_work_without_any_index() {
    let place = tempfile::tempdir().unwrap();
    let links = place.path().join("links");
    std::fs::create_dir(&links).unwrap();
    std::fs::write(links.join("my_pkg-3.0.tar.gz"), sdist("3.0")).unwrap();
    let settings = Settings::gather(&|name| match name {
        "PIP_NO_INDEX" => Some("1".to_owned()),
        "PIP_FIND_LINKS" => Some(links.display().to_string()),
        _ => None,
    })
    .unwrap();
    let fetcher = Fetcher::new(place.path().join("cache"), settings, limits());
    let found = fetch_with(&fetcher, place.path(), "pypi:my-pkg")
        .await
        .unwrap();
    assert_eq!(found.version.as_deref(), Some("3.0"));
    let error = fetch_with(&fetcher, place.path(), "pypi:other")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("PIP_NO_INDEX"), "{error}");
}

#[tokio::test]
async fn requests_go_through_the_proxy_that_is_set() {
    let place = tempfile::tempdir().unwrap();
    let proxy = Server::start(|request| {
        let path = request
            .path
            .trim_start_matches("http://index.example")
            .to_owned();
        json_index(&Request {
            path,
            ..request.clone()
        })
    });
    let settings = Settings::gather(&|name| match name {
        "PIP_INDEX_URL" => Some("http://index.example/simple/".to_owned()),
        "PIP_PROXY" => Some(proxy.address.clone()),
        _ => None,
    })
    .unwrap();
    let fetcher = Fetcher::new(place.path().join("cache"), settings, limits());
    fetch_with(&fetcher, place.path(), "pypi:my-pkg==1.0")
        .await
        .unwrap();
    assert!(
        proxy.seen.lock().unwrap()[0]
            .path
            .starts_with("http://index.example/")
    );
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_or_has_a_foreign_certificate_is_named() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::start(json_index);
    let index = server.address.replace("http://", "https://");
    let error = fetch(
        place.path(),
        &format!("{index}/simple/"),
        "pypi:my-pkg==1.0",
    )
    .await
    .unwrap_err();
    assert!(error.to_string().contains("127.0.0.1"), "{error}");
    let settings =
        Settings::gather(&|name| (name == "PIP_CERT").then(|| "/not/there.pem".to_owned()))
            .unwrap();
    let fetcher = Fetcher::new(place.path().join("cache"), settings, limits());
    let error = fetch_with(&fetcher, place.path(), "pypi:my-pkg")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("/not/there.pem"), "{error}");
}
