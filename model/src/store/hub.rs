//! A Hugging Face hub: what a repository holds, and fetching what a model needs of it.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::Url;

use super::error::{Error, Result};
use super::http::{Http, Progress, Wanted, bare};
use super::local;
use super::reference::{HubReference, is_inner_path};
use super::settings::Settings;
use super::staging::Staging;

/// What a hub said of a model.
#[derive(Debug, Default)]
pub(super) struct About {
    pub(super) commit: Option<String>,
    pub(super) licence: Option<String>,
}

/// The answer of `api/models/REPOSITORY/revision/REVISION?blobs=true`.
#[derive(Deserialize)]
struct Listing {
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
    #[serde(default, rename = "cardData")]
    card: Option<Card>,
}

#[derive(Deserialize)]
struct Card {
    /// A name, or a list of names.
    #[serde(default)]
    license: serde_json::Value,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    #[serde(default)]
    lfs: Option<LargeFile>,
}

#[derive(Deserialize)]
struct LargeFile {
    sha256: String,
}

/// Fetches a model's files. Offline, the cache of the hub's own tools must have it.
pub(super) async fn fetch(
    http: &Http,
    settings: &Settings,
    hub: &HubReference,
    staging: &Staging,
    progress: Progress<'_>,
) -> Result<About> {
    let folder = &staging.files();
    if settings.hub_offline {
        let snapshot = cached(settings, hub).ok_or_else(|| Error::Offline {
            what: format!("{}, which is not in the hub's cache,", hub.repository),
            setting: "HF_HUB_OFFLINE",
        })?;
        let source = hub
            .file
            .as_ref()
            .map_or_else(|| snapshot.clone(), |file| snapshot.join(file));
        staging.begin(&source.display().to_string())?;
        local::copy(&source, folder).await?;
        let commit = snapshot
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        return Ok(About {
            commit,
            licence: None,
        });
    }
    let token = settings.hub_token.as_ref();
    let revision = hub.revision.replace('/', "%2F");
    let page = address(
        settings,
        &format!(
            "api/models/{}/revision/{revision}?blobs=true",
            hub.repository
        ),
    )?;
    let text = http.page(&page, token, "application/json").await?;
    let listing: Listing = serde_json::from_str(&text).map_err(|error| Error::Answer {
        url: bare(&page),
        reason: error.to_string(),
    })?;
    // Files of two commits must not mix when a pull goes on.
    staging.begin(&format!("{hub:?} at {}", listing.sha))?;
    for file in choose(hub, &listing)? {
        let url = address(
            settings,
            &format!(
                "{}/resolve/{}/{}",
                hub.repository, listing.sha, file.rfilename
            ),
        )?;
        let wanted = Wanted {
            url: &url,
            token,
            sha256: file.lfs.as_ref().map(|large| large.sha256.as_str()),
            label: &file.rfilename,
        };
        http.download(&wanted, &folder.join(&file.rfilename), progress)
            .await?;
    }
    Ok(About {
        commit: Some(listing.sha),
        licence: listing.card.and_then(|card| licence(&card.license)),
    })
}

fn address(settings: &Settings, path: &str) -> Result<Url> {
    settings.hub.join(path).map_err(|error| Error::Answer {
        url: bare(&settings.hub),
        reason: error.to_string(),
    })
}

fn licence(stated: &serde_json::Value) -> Option<String> {
    match stated {
        serde_json::Value::String(one) => Some(one.clone()),
        serde_json::Value::Array(several) => {
            let names: Vec<&str> = several
                .iter()
                .filter_map(serde_json::Value::as_str)
                .collect();
            (!names.is_empty()).then(|| names.join(", "))
        }
        _ => None,
    }
}

/// The files that a model is made of: of a repository with safetensors these, its settings and its tokenizer; else
/// one GGUF file.
fn choose<'l>(hub: &HubReference, listing: &'l Listing) -> Result<Vec<&'l Sibling>> {
    let missing = |hint: String| Error::NotFound {
        what: format!("a model in {}", hub.repository),
        hint,
    };
    let files: Vec<&Sibling> = listing
        .siblings
        .iter()
        .filter(|file| is_inner_path(&file.rfilename))
        .collect();
    if let Some(name) = &hub.file {
        let found = files.iter().find(|file| &file.rfilename == name);
        return found
            .map(|file| vec![*file])
            .ok_or_else(|| missing(format!("it has no file {name}")));
    }
    if files.iter().any(|file| file.rfilename == "config.json")
        && files.iter().any(|file| is_weights(&file.rfilename))
    {
        return Ok(files
            .into_iter()
            .filter(|file| is_part(&file.rfilename))
            .collect());
    }
    let ggufs: Vec<&Sibling> = files
        .into_iter()
        .filter(|file| {
            Path::new(&file.rfilename)
                .extension()
                .is_some_and(|it| it == "gguf")
        })
        .collect();
    match ggufs.len() {
        0 => Err(missing(
            "it has neither config.json with safetensors nor a GGUF file".to_owned(),
        )),
        1 => Ok(ggufs),
        _ => {
            let names: Vec<&str> = ggufs.iter().map(|file| file.rfilename.as_str()).collect();
            Err(missing(format!(
                "it has several; say which: {}:FILE with one of {}",
                hub.repository,
                names.join(", ")
            )))
        }
    }
}

/// Weights at the top of a repository; folders hold other formats or adapters.
fn is_weights(name: &str) -> bool {
    !name.contains('/') && name.ends_with(".safetensors")
}

fn is_part(name: &str) -> bool {
    const TEXTS: [&str; 10] = [
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "chat_template.jinja",
        "model.safetensors.index.json",
        "modules.json",
        "sentence_bert_config.json",
        "1_Pooling/config.json",
    ];
    let upper = name.to_ascii_uppercase();
    is_weights(name) || TEXTS.contains(&name) || (!name.contains('/') && upper.starts_with("LICEN"))
}

/// The snapshot of a repository in the cache of the hub's own tools.
fn cached(settings: &Settings, hub: &HubReference) -> Option<PathBuf> {
    let cache = settings.hub_cache.as_ref()?;
    let folder = cache.join(format!("models--{}", hub.repository.replace('/', "--")));
    let named = std::fs::read_to_string(folder.join("refs").join(&hub.revision)).ok();
    let commit = named.as_deref().map_or(hub.revision.as_str(), str::trim);
    let snapshot = folder.join("snapshots").join(commit);
    (is_inner_path(commit) && snapshot.is_dir()).then_some(snapshot)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(names: &[&str], file: Option<&str>) -> Result<Vec<String>> {
        let siblings = names
            .iter()
            .map(|name| Sibling {
                rfilename: (*name).to_owned(),
                lfs: None,
            })
            .collect();
        let listing = Listing {
            sha: "c".to_owned(),
            siblings,
            card: None,
        };
        let hub = HubReference {
            repository: "o/n".to_owned(),
            revision: "main".to_owned(),
            file: file.map(str::to_owned),
        };
        Ok(choose(&hub, &listing)?
            .iter()
            .map(|file| file.rfilename.clone())
            .collect())
    }

    #[test]
    fn of_a_repository_only_what_the_model_needs_is_taken() {
        let names = [
            "config.json",
            "model-00001-of-00002.safetensors",
            "onnx/model.onnx",
            "pytorch_model.bin",
            "LICENSE",
            "tokenizer.json",
            "../x.safetensors",
            "adapter/a.safetensors",
        ];
        assert_eq!(
            chosen(&names, None).unwrap(),
            [
                "config.json",
                "model-00001-of-00002.safetensors",
                "LICENSE",
                "tokenizer.json"
            ]
        );
    }

    #[test]
    fn of_several_gguf_files_one_must_be_named() {
        let names = ["a-q4.gguf", "a-q8.gguf"];
        let error = chosen(&names, None).unwrap_err().to_string();
        assert!(
            error.contains("o/n:FILE") && error.contains("a-q8.gguf"),
            "{error}"
        );
        assert_eq!(chosen(&names, Some("a-q8.gguf")).unwrap(), ["a-q8.gguf"]);
        assert!(chosen(&["README.md"], None).is_err());
    }
}
