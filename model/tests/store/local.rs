//! Models from folders and files, and what the store does with them.

use std::path::Path;

use swemill_model::store::{Error, Installed, Pull, Reference, Settings, Store, describe};

use super::server::{gguf, safetensors};

async fn pull(store: &Store, path: &Path, force: bool) -> Result<Installed, Error> {
    let settings =
        Settings::gather(&|name| (name == "PIP_CONFIG_FILE").then(|| "/dev/null".to_owned()))
            .unwrap();
    let pull = Pull {
        reference: Reference::Local(path.to_owned()),
        name: Some("mine".to_owned()),
        force,
        settings: &settings,
        progress: &|_, _, _| {},
    };
    store.pull(pull).await
}

fn folder_with(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

#[tokio::test]
async fn a_model_is_pulled_listed_checked_replaced_and_removed() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::new(home.path());
    let first = folder_with(&[
        ("config.json", b"{}"),
        ("model.safetensors", &safetensors(4)),
        ("notes.md", b"no"),
    ]);
    pull(&store, first.path(), false).await.unwrap();
    let listed = store.list().unwrap();
    assert_eq!(listed.len(), 1);
    let names: Vec<_> = listed[0]
        .manifest
        .files
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(names, ["config.json", "model.safetensors"]);
    store.verify("mine").await.unwrap();

    let second = folder_with(&[("m.gguf", &gguf())]);
    let kept = pull(&store, &second.path().join("m.gguf"), false)
        .await
        .unwrap();
    assert!(
        kept.weights().is_dir(),
        "without force the model that is there stays"
    );
    let replaced = pull(&store, &second.path().join("m.gguf"), true)
        .await
        .unwrap();
    assert!(replaced.weights().ends_with("m.gguf"));
    assert!(
        !replaced.folder.join("config.json").exists(),
        "nothing of the old model is left"
    );

    std::fs::write(replaced.folder.join("m.gguf"), b"changed").unwrap();
    let error = store.verify("mine").await.unwrap_err();
    assert!(error.to_string().contains("--force"), "{error}");
    store.remove("mine").unwrap();
    assert!(store.list().unwrap().is_empty());
    assert!(matches!(
        store.remove("mine"),
        Err(Error::NotInStore { .. })
    ));
}

#[test]
fn headers_tell_what_a_model_is() {
    let folder = folder_with(&[("m.gguf", &gguf())]);
    let description = describe(folder.path()).unwrap();
    assert_eq!(description.architecture, "llama");
    assert_eq!(description.context, Some(128));
    assert_eq!(description.parameters, 32);
    assert_eq!(description.formats["F32"], 1);
}

#[test]
fn a_gguf_file_cut_anywhere_is_an_error_and_never_a_panic() {
    let whole = gguf();
    for length in 0..whole.len() {
        let folder = folder_with(&[("m.gguf", &whole[..length])]);
        assert!(describe(folder.path()).is_err(), "cut at {length}");
    }
}

#[test]
fn a_gguf_file_with_any_byte_of_its_header_changed_never_panics() {
    let whole = gguf();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.gguf");
    for place in 0..whole.len() - 128 {
        for value in [0x00, 0x7f, 0xff] {
            let mut changed = whole.clone();
            changed[place] = value;
            std::fs::write(&path, &changed).unwrap();
            let _ = describe(&path);
        }
    }
}

#[tokio::test]
async fn a_shard_that_is_missing_is_named() {
    let index = br#"{"weight_map":{"w":"model-1.safetensors","gone":"model-2.safetensors"}}"#;
    let folder = folder_with(&[
        ("config.json", b"{}"),
        ("model-1.safetensors", &safetensors(4)),
        ("model.safetensors.index.json", index),
    ]);
    let home = tempfile::tempdir().unwrap();
    let error = pull(&Store::new(home.path()), folder.path(), false)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("gone"), "{error}");
}

#[tokio::test]
async fn a_folder_without_weights_and_a_path_that_is_none_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::new(home.path());
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(
        pull(&store, empty.path(), false).await,
        Err(Error::Unreadable { .. })
    ));
    assert!(matches!(
        pull(&store, Path::new("/nowhere/at/all"), false).await,
        Err(Error::NotFound { .. })
    ));
}
