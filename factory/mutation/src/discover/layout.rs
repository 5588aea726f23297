//! What names say about folders and files. Names that a package could well use for itself (`docs`,
//! `tools`, `build`) count only outside packages.

use std::path::Path;

/// Folders that are not looked into at all: version control, caches, environments, build products.
pub(super) fn is_ignored(name: &str, path: &Path) -> bool {
    name.starts_with('.')
        || matches!(
            name,
            "__pycache__" | "node_modules" | "site-packages" | "dist-packages" | "__pypackages__"
        )
        || has_ending(name, ".egg-info")
        || has_ending(name, ".egg")
        || path.join("pyvenv.cfg").is_file()
}

fn has_ending(name: &str, ending: &str) -> bool {
    name.len() > ending.len() && name.ends_with(ending)
}

/// Folders for copies of other projects.
pub(super) fn is_vendor_folder(name: &str) -> bool {
    matches!(
        name.trim_start_matches('_'),
        "vendor"
            | "vendored"
            | "vendors"
            | "third_party"
            | "thirdparty"
            | "third-party"
            | "extern"
            | "externals"
    )
}

/// Folders around a package: documentation, examples, benchmarks, scripts, products of a build.
pub(super) fn is_tooling_folder(name: &str) -> bool {
    matches!(
        name.trim_start_matches('_'),
        "doc"
            | "docs"
            | "documentation"
            | "example"
            | "examples"
            | "sample"
            | "samples"
            | "demo"
            | "demos"
            | "tutorial"
            | "tutorials"
            | "notebooks"
            | "bench"
            | "benches"
            | "benchmark"
            | "benchmarks"
            | "asv_bench"
            | "script"
            | "scripts"
            | "tool"
            | "tools"
            | "ci"
            | "build"
            | "dist"
            | "release"
            | "packaging"
            | "contrib"
            | "requirements"
            | "profiling"
            | "fuzz"
            | "fuzzing"
    )
}

/// Modules around a package that build, release or drive it.
pub(super) fn is_tooling_file(name: &str) -> bool {
    matches!(
        name,
        "setup.py"
            | "noxfile.py"
            | "tasks.py"
            | "fabfile.py"
            | "dodo.py"
            | "pavement.py"
            | "versioneer.py"
            | "ez_setup.py"
            | "distribute_setup.py"
            | "bootstrap.py"
            | "runtests.py"
            | "run_tests.py"
            | "manage.py"
            | "build.py"
            | "make.py"
            | "release.py"
            | "conf.py"
            | "hatch_build.py"
            | "toxfile.py"
    )
}

/// Folders whose names say tests.
pub(super) fn is_test_folder(name: &str) -> bool {
    matches!(
        name.trim_start_matches('_'),
        "test" | "tests" | "testing" | "unittests" | "functional_tests"
    )
}
