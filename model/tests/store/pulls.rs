//! Pulls from a hub.

use std::sync::atomic::Ordering;

use sha2::{Digest, Sha256};
use swemill_model::store::{Error, Installed, Pull, Reference, Settings, Store};

use super::server::{Server, safetensors};

async fn pull(store: &Store, settings: &Settings, reference: &str) -> Result<Installed, Error> {
    let pull = Pull {
        reference: Reference::parse(reference)?,
        name: None,
        force: false,
        settings,
        progress: &|_, _, _| {},
    };
    store.pull(pull).await
}

/// A hub with one model, whose listing announces `sha256` for the weights.
fn hub(weights: &[u8], sha256: &str) -> Server {
    let listing = format!(
        r#"{{"sha":"c0ffee","cardData":{{"license":"mit"}},"siblings":[{{"rfilename":"config.json"}},{{"rfilename":"README.md"}},
            {{"rfilename":"model.safetensors","lfs":{{"sha256":"{sha256}"}}}}]}}"#
    );
    Server::with(&[
        ("/api/models/me/tiny/revision/main", listing.as_bytes()),
        (
            "/me/tiny/resolve/c0ffee/config.json",
            br#"{"model_type":"llama","num_hidden_layers":1}"#,
        ),
        ("/me/tiny/resolve/c0ffee/model.safetensors", weights),
    ])
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[tokio::test]
async fn a_broken_line_is_taken_up_where_it_broke() {
    let weights = safetensors(50_000);
    let server = hub(&weights, &sha256(&weights));
    server.cuts.store(2, Ordering::SeqCst);
    let (server, settings) = server.start().await;
    let home = tempfile::tempdir().unwrap();
    let store = Store::new(home.path());
    let installed = pull(&store, &settings, "me/tiny").await.unwrap();
    assert_eq!(
        std::fs::read(installed.folder.join("model.safetensors")).unwrap(),
        weights
    );
    assert_eq!(installed.manifest.licence.as_deref(), Some("mit"));
    assert_eq!(installed.manifest.commit.as_deref(), Some("c0ffee"));
    let seen = server.seen.lock().unwrap();
    let ranges: Vec<_> = seen
        .iter()
        .filter(|(path, ..)| path.ends_with("tensors"))
        .map(|(_, range, _)| range.clone())
        .collect();
    assert_eq!(ranges.len(), 3);
    assert_eq!(ranges[0], None);
    assert!(
        ranges[1].is_some() && ranges[2] > ranges[1],
        "each try asks for less: {ranges:?}"
    );
    assert!(
        seen.iter()
            .all(|(_, _, who)| who.as_deref() == Some("Bearer hf_token"))
    );
    assert!(
        !seen.iter().any(|(path, ..)| path.ends_with("README.md")),
        "only what is needed is fetched"
    );
}

#[tokio::test]
async fn a_server_without_ranges_sends_all_again() {
    let weights = safetensors(20_000);
    let mut server = hub(&weights, &sha256(&weights));
    server.ranges = false;
    server.cuts.store(1, Ordering::SeqCst);
    let (_server, settings) = server.start().await;
    let home = tempfile::tempdir().unwrap();
    let installed = pull(&Store::new(home.path()), &settings, "me/tiny")
        .await
        .unwrap();
    assert_eq!(
        std::fs::read(installed.folder.join("model.safetensors")).unwrap(),
        weights
    );
}

#[tokio::test]
async fn a_line_that_breaks_for_good_is_an_error_and_the_next_pull_goes_on() {
    // Every answer is halved, so the last of the tries still lacks bytes; tries that win bytes do not count.
    let weights = safetensors(20_000);
    let server = hub(&weights, &sha256(&weights));
    server.cuts.store(usize::MAX, Ordering::SeqCst);
    let (server, settings) = server.start().await;
    let home = tempfile::tempdir().unwrap();
    let store = Store::new(home.path());
    let waiting = tokio::time::timeout(
        std::time::Duration::from_millis(900),
        pull(&store, &settings, "me/tiny"),
    );
    assert!(
        waiting.await.is_err(),
        "the pull is cut off here, as a user would do"
    );
    assert!(
        store.list().unwrap().is_empty(),
        "nothing half-fetched is in the store"
    );
    server.cuts.store(0, Ordering::SeqCst);
    server.seen.lock().unwrap().clear();
    pull(&store, &settings, "me/tiny").await.unwrap();
    let seen = server.seen.lock().unwrap();
    assert!(
        seen.iter()
            .any(|(path, range, _)| path.ends_with("tensors") && range.is_some()),
        "{seen:?}"
    );
}

#[tokio::test]
async fn weights_that_are_not_what_was_announced_are_refused_and_deleted() {
    let weights = safetensors(10);
    let (_server, settings) = hub(&weights, &sha256(b"other")).start().await;
    let home = tempfile::tempdir().unwrap();
    let store = Store::new(home.path());
    let error = pull(&store, &settings, "me/tiny").await.unwrap_err();
    assert!(matches!(error, Error::Digest { .. }), "{error}");
    assert!(store.list().unwrap().is_empty());
    assert!(
        !store
            .root()
            .join(".pulling/me--tiny/files/model.safetensors.part")
            .exists()
    );
}

#[tokio::test]
async fn weights_that_are_cut_at_the_source_are_refused() {
    let mut weights = safetensors(1000);
    weights.truncate(2000);
    let (_server, settings) = hub(&weights, &sha256(&weights)).start().await;
    let home = tempfile::tempdir().unwrap();
    let error = pull(&Store::new(home.path()), &settings, "me/tiny")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("cut"), "{error}");
}

#[tokio::test]
async fn offline_and_unknown_models_are_told_apart() {
    let (server, mut settings) = Server::with(&[]).start().await;
    let home = tempfile::tempdir().unwrap();
    let store = Store::new(home.path());
    let unknown = pull(&store, &settings, "me/none").await.unwrap_err();
    assert!(matches!(unknown, Error::NotFound { .. }), "{unknown}");
    settings.hub_offline = true;
    server.seen.lock().unwrap().clear();
    let offline = pull(&store, &settings, "me/none").await.unwrap_err();
    assert!(offline.to_string().contains("HF_HUB_OFFLINE"), "{offline}");
    assert!(server.seen.lock().unwrap().is_empty(), "nothing was asked");
}
