//! Caches whose files a crash of the machine has torn, or that somebody has changed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::ledger::Factory;

/// A cache of downloads that no other test shares, since these tests spoil it.
fn with_packages_of_its_own(factory: &Factory) {
    let packages = factory.home.path().join("packages");
    fs::remove_file(&packages).unwrap();
    fs::create_dir(&packages).unwrap();
}

/// The one folder in a cache.
fn only_folder(cache: &Path) -> PathBuf {
    let mut folders = fs::read_dir(cache)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let folder = folders.next().unwrap();
    assert!(folders.next().is_none());
    folder
}

fn all_agree(factory: &Factory) {
    let said = factory.home.succeed(&["verify", "--all"]);
    let count = factory.instances().len();
    assert!(
        said.stdout
            .contains(&format!("{count} of {count} instances agree")),
        "{}",
        said.text()
    );
}

#[test]
fn a_torn_or_changed_cache_is_made_again_and_never_believed() {
    let factory = Factory::new();
    with_packages_of_its_own(&factory);
    let asked = ["run", &factory.repository(), "--max-candidates", "4"];
    factory
        .home
        .succeed(&[&asked, crate::ledger::REQUEST].concat());
    all_agree(&factory);
    let tree = only_folder(&factory.home.path().join("trees"));
    let environment = only_folder(&factory.home.path().join("environments"));

    // Changed: the code would do something else.
    let module = tree.join("ledger.py");
    let text = fs::read_to_string(&module).unwrap();
    fs::write(&module, text.replace("return low", "return high")).unwrap();
    all_agree(&factory);
    assert_eq!(fs::read_to_string(&module).unwrap(), text);

    // Torn: the layer's copy of a test file has lost its content.
    let tests = environment.join("testbed/tests/test_amounts.py");
    assert!(fs::metadata(&tests).unwrap().len() > 0);
    fs::write(&tests, "").unwrap();
    all_agree(&factory);
    assert!(fs::metadata(&tests).unwrap().len() > 0);

    // Torn in the shared cache of packages, too, since its files are the layer's by another name.
    let site = only_folder(&environment.join("dependencies/lib"));
    let pytest = site.join("site-packages/pytest/__init__.py");
    fs::write(&pytest, "").unwrap();
    all_agree(&factory);
    assert!(fs::metadata(&pytest).unwrap().len() > 0);

    // The description itself.
    fs::write(environment.join("environment.json"), "{").unwrap();
    all_agree(&factory);
    factory.leaves_nothing();
}
