//! Reading a package's page, in JSON or HTML.

use serde::Deserialize;
use url::Url;

use super::File;
use super::http::{Http, Page};
use crate::error::{Error, Result};
use crate::redact;
use crate::settings::split_credentials;

/// JSON is asked for first; an index that has only HTML answers that.
const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";

/// The files on a page.
pub(super) async fn files(http: &Http, url: &Url) -> Result<Vec<File>> {
    let page = http.page(url, ACCEPT).await?;
    if page.kind.contains("json") {
        from_json(&page).map_err(|reason| Error::Answer {
            url: redact::url(url),
            reason: format!("JSON that is no index page: {reason}"),
        })
    } else if page.kind.contains("html") {
        Ok(from_html(&page))
    } else {
        Err(Error::Answer {
            url: redact::url(url),
            reason: format!("'{}' instead of an index page", page.kind),
        })
    }
}

#[derive(Deserialize)]
struct JsonPage {
    files: Vec<JsonFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct JsonFile {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    requires_python: Option<String>,
    #[serde(default)]
    yanked: Yanked,
    #[serde(default)]
    upload_time: Option<String>,
}

/// `false`, `true`, or the reason.
#[derive(Deserialize)]
#[serde(untagged)]
enum Yanked {
    Flag(bool),
    Reason(String),
}

impl Default for Yanked {
    fn default() -> Self {
        Self::Flag(false)
    }
}

fn from_json(page: &Page) -> std::result::Result<Vec<File>, String> {
    let parsed: JsonPage = serde_json::from_str(&page.text).map_err(|error| error.to_string())?;
    Ok(parsed
        .files
        .into_iter()
        .filter_map(|file| {
            let url = link(&page.url, &file.url)?;
            Some(File {
                filename: safe_name(&file.filename)?,
                url,
                sha256: file
                    .hashes
                    .get("sha256")
                    .map(|digest| digest.to_ascii_lowercase()),
                yanked: match file.yanked {
                    Yanked::Flag(false) => None,
                    Yanked::Flag(true) => Some(String::new()),
                    Yanked::Reason(reason) => Some(reason),
                },
                requires_python: file.requires_python.filter(|text| !text.is_empty()),
                // "2024-12-21T18:30:22.828181Z" (PEP 700).
                uploaded: file
                    .upload_time
                    .and_then(|time| time.get(..10).map(str::to_owned)),
            })
        })
        .collect())
}

/// The files of every link of a page.
pub(super) fn from_html(page: &Page) -> Vec<File> {
    let mut base = page.url.clone();
    if let Some(href) = tags(&page.text, "base").find_map(|tag| attribute(tag, "href")) {
        base = base.join(&href).unwrap_or(base);
    }
    tags(&page.text, "a")
        .filter_map(|tag| {
            let mut url = link(&base, &attribute(tag, "href")?)?;
            let sha256 = url
                .fragment()
                .and_then(|fragment| fragment.strip_prefix("sha256="))
                .map(str::to_ascii_lowercase);
            url.set_fragment(None);
            let name = url.path_segments()?.next_back()?.to_owned();
            let name = percent_decoded(&name);
            Some(File {
                filename: safe_name(&name)?,
                url,
                sha256,
                yanked: attribute(tag, "data-yanked"),
                requires_python: attribute(tag, "data-requires-python")
                    .filter(|text| !text.is_empty()),
                uploaded: None,
            })
        })
        .collect()
}

/// A link as a file's address; credentials on it are dropped, since the settings have them.
fn link(base: &Url, href: &str) -> Option<Url> {
    let url = base.join(href).ok()?;
    // A page of the web may not point at files of this machine.
    let local = url.scheme() == "file" && base.scheme() != "file";
    (matches!(url.scheme(), "http" | "https" | "file") && !local).then(|| split_credentials(&url).0)
}

/// A file name that is one component: it becomes part of a path in the cache.
fn safe_name(name: &str) -> Option<String> {
    let plain = !name.is_empty()
        && !name.starts_with('.')
        && name.len() <= 255
        && !name.contains(['/', '\\'])
        && !name.chars().any(char::is_control);
    plain.then(|| name.to_owned())
}

/// The inside of every opening tag of a kind. Index pages are flat lists of links (PEP 503), for which a
/// whole HTML parser would be much machinery.
fn tags<'t>(text: &'t str, kind: &'t str) -> impl Iterator<Item = &'t str> {
    text.split('<').skip(1).filter_map(move |piece| {
        let name = piece.get(..kind.len())?;
        let rest = &piece[kind.len()..];
        (name.eq_ignore_ascii_case(kind)
            && rest.starts_with(|c: char| c.is_whitespace() || c == '>'))
        .then_some(rest)
    })
}

/// An attribute's value, unescaped; empty for one without a value. The quotes decide where the tag ends,
/// since `data-requires-python` may hold an unescaped `>`.
fn attribute(tag: &str, wanted: &str) -> Option<String> {
    let mut rest = tag.trim_start();
    while !rest.is_empty() && !rest.starts_with('>') {
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '=' | '>'))
            .unwrap_or(rest.len());
        let name = &rest[..end];
        let after = rest[end..].trim_start();
        let (value, next) = match after.strip_prefix('=').map(str::trim_start) {
            None => ("", after),
            Some(value) => {
                if let Some(quote @ ('"' | '\'')) = value.chars().next() {
                    value[1..].split_once(quote)?
                } else {
                    let end = value
                        .find(|c: char| c.is_whitespace() || c == '>')
                        .unwrap_or(value.len());
                    value.split_at(end)
                }
            }
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(html_escape::decode_html_entities(value).into_owned());
        }
        if name.is_empty() && next.len() == rest.len() {
            return None; // nothing was read: not an attribute list
        }
        rest = next.trim_start();
    }
    None
}

fn percent_decoded(text: &str) -> String {
    url::form_urlencoded::parse(format!("x={}", text.replace('+', "%2B")).as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> Page {
        Page {
            text: text.to_owned(),
            kind: String::new(),
            url: Url::parse("https://index.example/simple/x/").unwrap(),
        }
    }

    #[test]
    fn html_links_give_address_digest_and_attributes() {
        let files = from_html(&page(
            r#"<!DOCTYPE html><html><head><base href="/files/"></head><body>
            <a href="x-1.0.tar.gz#sha256=ABCD" data-requires-python="&gt;=3.8" data-yanked="broken &amp; bad">x</a>
            <A HREF='../y/x-1.1-py3-none-any.whl' data-requires-python=">=3.9">x</A><abbr href="no">n</abbr>
            <a data-yanked href=x-2.0.tar.gz>x</a></body>"#,
        ));
        assert_eq!(files.len(), 3);
        assert_eq!(
            files[0].url.as_str(),
            "https://index.example/files/x-1.0.tar.gz"
        );
        assert_eq!(files[0].sha256.as_deref(), Some("abcd"));
        assert_eq!(files[0].requires_python.as_deref(), Some(">=3.8"));
        assert_eq!(files[0].yanked.as_deref(), Some("broken & bad"));
        assert_eq!(files[1].requires_python.as_deref(), Some(">=3.9"));
        assert_eq!(
            files[1].url.as_str(),
            "https://index.example/y/x-1.1-py3-none-any.whl"
        );
        assert_eq!(files[2].yanked.as_deref(), Some(""));
        assert_eq!(files[2].filename, "x-2.0.tar.gz");
    }

    #[test]
    fn json_tells_yanked_in_both_of_its_ways() {
        let files = from_json(&page(
            r#"{"meta":{"api-version":"1.1"},"name":"x","files":[
            {"filename":"a-1.tar.gz","url":"/f/a","hashes":{"sha256":"AA"},"yanked":false,"upload-time":"2024-12-21T18:30:22.8Z"},
            {"filename":"a-2.tar.gz","url":"/f/b","hashes":{},"yanked":true,"requires-python":">=3"},
            {"filename":"a-3.tar.gz","url":"/f/c","hashes":{},"yanked":"why"}]}"#,
        ))
        .unwrap();
        let yanked: Vec<_> = files.iter().map(|file| file.yanked.as_deref()).collect();
        assert_eq!(yanked, [None, Some(""), Some("why")]);
        assert_eq!(files[0].sha256.as_deref(), Some("aa"));
        assert_eq!(files[0].uploaded.as_deref(), Some("2024-12-21"));
        assert_eq!(files[1].uploaded, None);
    }

    #[test]
    fn a_page_of_the_web_cannot_point_at_local_files_or_climb_with_a_name() {
        assert!(from_html(&page(r#"<a href="file:///etc/x-1.0.tar.gz">x</a>"#)).is_empty());
        assert!(from_html(&page(r#"<a href="/f/..%2f..%2fx-1.0.tar.gz">x</a>"#)).is_empty());
    }

    #[test]
    fn broken_html_ends() {
        for text in [
            "<a",
            "<a href",
            "<a href=\"x",
            "<a =",
            "<a = = =>",
            "<a \"\">",
            "<",
            "<a/>",
        ] {
            from_html(&page(text));
        }
    }
}
