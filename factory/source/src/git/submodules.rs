//! Submodules: where they come from, and filling them in.

use std::collections::BTreeMap;
use std::path::Path;

use git2::{Config, Tree};
use url::Url;

use super::files::{Gap, write_below};
use super::{Context, Found};
use crate::error::{Error, Result, io};
use crate::redact;
use crate::spec::Source;
use crate::tree::TreeWriter;

/// Fills the gaps that submodules are. One that cannot be fetched is left out with a notice, since tests
/// often do without; a full disk or a bomb in one is an error like anywhere.
#[expect(
    clippy::too_many_arguments,
    reason = "the state of one walk, which has no other life"
)]
pub(super) fn fill(
    context: &Context<'_>,
    found: &Found,
    url: &Url,
    tree: &mut TreeWriter<'_>,
    top: &Tree<'_>,
    prefix: &[u8],
    gaps: Vec<Gap>,
    nested: usize,
) -> Result<Vec<String>> {
    if gaps.is_empty() {
        return Ok(Vec::new());
    }
    let addresses = addresses(found, top)?;
    let mut notices = Vec::new();
    for gap in gaps {
        let own = gap.path.strip_prefix(prefix).unwrap_or(&gap.path);
        let own = String::from_utf8_lossy(own.strip_prefix(b"/").unwrap_or(own)).into_owned();
        let shown = String::from_utf8_lossy(&gap.path).into_owned();
        let left_out = |reason: String| format!("the submodule {shown} was left out: {reason}");
        if nested >= context.limits.submodule_depth {
            notices.push(left_out("submodules are nested too deep".to_owned()));
            continue;
        }
        let Some(address) = addresses.get(&own).and_then(|text| resolve(url, text)) else {
            notices.push(left_out(
                ".gitmodules gives no address that may be used".to_owned(),
            ));
            continue;
        };
        let fetched = super::find(context, &address, Some(&gap.commit.to_string()));
        match fetched {
            Ok(inner) => notices.extend(write_below(
                context,
                &inner,
                &address,
                tree,
                &gap.path,
                nested + 1,
            )?),
            Err(error @ (Error::DiskFull { .. } | Error::TooLarge { .. } | Error::Io { .. })) => {
                return Err(error);
            }
            Err(error) => notices.push(left_out(error.to_string())),
        }
    }
    Ok(notices)
}

/// The addresses in `.gitmodules`, by path.
fn addresses(found: &Found, top: &Tree<'_>) -> Result<BTreeMap<String, String>> {
    let mut addresses = BTreeMap::new();
    let blob = top
        .get_path(Path::new(".gitmodules"))
        .ok()
        .and_then(|entry| found.repository.find_blob(entry.id()).ok());
    let Some(blob) = blob else {
        return Ok(addresses);
    };
    // libgit2 reads configuration from files only.
    let file =
        tempfile::NamedTempFile::new().map_err(io("create a file in", &std::env::temp_dir()))?;
    std::fs::write(file.path(), blob.content()).map_err(io("write", file.path()))?;
    let Ok(config) = Config::open(file.path()) else {
        return Ok(addresses);
    };
    let (mut paths, mut urls) = (BTreeMap::new(), BTreeMap::new());
    if let Ok(mut entries) = config.entries(Some("^submodule\\.")) {
        while let Some(Ok(entry)) = entries.next() {
            let (Ok(name), Ok(value)) = (entry.name(), entry.value()) else {
                continue;
            };
            if let Some(name) = name.strip_suffix(".path") {
                paths.insert(name.to_owned(), value.trim_end_matches('/').to_owned());
            } else if let Some(name) = name.strip_suffix(".url") {
                urls.insert(name.to_owned(), value.to_owned());
            }
        }
    }
    for (name, path) in paths {
        if let Some(url) = urls.remove(&name) {
            addresses.insert(path, url);
        }
    }
    Ok(addresses)
}

/// A submodule's address; relative ones are relative to their parent's, as if that were a folder.
///
/// Only a repository of this machine may name another of this machine: one from elsewhere could otherwise
/// read what it likes here. Credentials go along only to the parent's own host.
fn resolve(parent: &Url, text: &str) -> Option<Url> {
    let address = if text.starts_with("./") || text.starts_with("../") {
        let mut base = parent.clone();
        base.set_path(&format!("{}/", parent.path().trim_end_matches('/')));
        base.join(text).ok()?
    } else {
        match text.parse::<Source>().ok()? {
            Source::Git { url, .. } => url,
            _ => return None,
        }
    };
    if address.scheme() == "file" && parent.scheme() != "file" {
        return None;
    }
    let mut address = address;
    let inherited = !text.contains("://") && address.origin() != parent.origin();
    if inherited && address.scheme() != "ssh" {
        let _ = address.set_password(None);
        let _ = address.set_username("");
    }
    tracing::debug!(url = redact::url(&address), "submodule");
    Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(parent: &str, text: &str) -> Option<String> {
        resolve(&Url::parse(parent).unwrap(), text).map(|url| url.to_string())
    }

    #[test]
    fn a_relative_address_starts_at_its_parent() {
        let parent = "https://host.example/owner/name.git";
        assert_eq!(
            resolved(parent, "../other.git").unwrap(),
            "https://host.example/owner/other.git"
        );
        assert_eq!(
            resolved(parent, "../../o2/x").unwrap(),
            "https://host.example/o2/x"
        );
        assert_eq!(
            resolved(parent, "./sub").unwrap(),
            "https://host.example/owner/name.git/sub"
        );
    }

    #[test]
    fn a_repository_from_elsewhere_cannot_name_one_of_this_machine() {
        let parent = "https://host.example/owner/name.git";
        assert_eq!(resolved(parent, "file:///srv/private"), None);
        assert_eq!(resolved(parent, "/"), None);
        assert!(resolved("file:///srv/a", "file:///srv/b").is_some());
    }

    #[test]
    fn an_ssh_address_in_the_short_form_is_understood() {
        let parent = "https://host.example/owner/name.git";
        assert_eq!(
            resolved(parent, "git@h.example:a/b.git").unwrap(),
            "ssh://git@h.example/a/b.git"
        );
    }
}
