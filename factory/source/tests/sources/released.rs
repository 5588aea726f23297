//! One real sdist from the configured index: the commit id is a function of the sdist alone.

use swemill_source::{
    Fetcher, LicencePolicy, Limits, Settings, Source, require_python, tree_digest,
};

/// The commit of isodate 0.7.2's sdist. It may never change: instance ids are made from it.
const ISODATE: &str = "39ecedf3979f5ab32a0473a9203ebbc901c8cb15";

#[tokio::test]
async fn a_released_sdist_gives_its_recorded_commit_every_time() {
    let settings = Settings::from_environment().unwrap();
    let place = tempfile::tempdir().unwrap();
    let source: Source = "pypi:IsoDate==0.7.2".parse().unwrap();
    let mut commits = Vec::new();
    for cache in ["one", "two"] {
        let fetcher = Fetcher::new(
            place.path().join(cache),
            settings.clone(),
            Limits::default(),
        );
        let tree = place.path().join(format!("{cache}-tree"));
        let repository = fetcher.fetch(&source, None, &tree).await.unwrap();
        assert_eq!(repository.tree_digest, tree_digest(&tree).unwrap());
        assert_eq!(
            (repository.owner.as_str(), repository.name.as_str()),
            ("pypi", "isodate")
        );
        assert_eq!(repository.version.as_deref(), Some("0.7.2"));
        assert_eq!(repository.spec, "pypi:isodate==0.7.2");
        assert_eq!(
            repository.licence.expression.as_deref(),
            Some("BSD-3-Clause"),
            "{:?}",
            repository.licence
        );
        let permissive: LicencePolicy = "permissive".parse().unwrap();
        permissive.admits(&repository.licence).unwrap();
        require_python("isodate", &tree).unwrap();
        commits.push(repository.commit);
    }
    assert_eq!(commits, [ISODATE, ISODATE]);
}
