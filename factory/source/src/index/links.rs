//! Find-links: folders of files, and pages with links to them.

use std::path::Path;

use url::Url;

use super::File;
use super::http::Http;
use super::page::from_html;
use crate::error::{Error, Result, io};

/// The files of one package in all find-links. A folder that does not exist holds none, as for pip.
pub(super) async fn files(http: &Http, places: &[String], name: &str) -> Result<Vec<File>> {
    let mut found = Vec::new();
    for place in places {
        let url = Url::parse(place)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https" | "file"));
        let folder = match &url {
            Some(url) if url.scheme() == "file" => url.to_file_path().ok(),
            Some(_) => None,
            None => Some(Path::new(place).to_owned()),
        };
        match (folder, url) {
            (Some(folder), _) if folder.is_dir() => found.extend(in_folder(&folder)?),
            (Some(page), _) if page.is_file() => {
                let Some(url) = page
                    .canonicalize()
                    .ok()
                    .and_then(|page| Url::from_file_path(page).ok())
                else {
                    continue;
                };
                found.extend(from_html(&http.page(&url, "text/html").await?));
            }
            (None, Some(url)) => match http.page(&url, "text/html").await {
                Ok(page) => found.extend(from_html(&page)),
                Err(Error::Offline { .. } | Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            },
            _ => {}
        }
    }
    found.retain(|file| file.named(name).is_some());
    Ok(found)
}

fn in_folder(folder: &Path) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for item in std::fs::read_dir(folder).map_err(io("list", folder))? {
        let place = item.map_err(io("list", folder))?.path();
        let name = place
            .file_name()
            .and_then(|name| name.to_str())
            .map(str::to_owned);
        let url = place
            .canonicalize()
            .ok()
            .and_then(|place| Url::from_file_path(place).ok());
        if let (Some(filename), Some(url)) = (name, url) {
            files.push(File {
                filename,
                url,
                sha256: None,
                yanked: None,
                requires_python: None,
                uploaded: None,
            });
        }
    }
    Ok(files)
}
