//! The Python with the published readers and clients (`tests/requirements.txt`), for the tests of every crate.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The interpreter, which `scripts/clients` has made ready; none where that cannot be, which is said, and which CI may not have.
pub(crate) fn python() -> Option<PathBuf> {
    prepared("scripts/clients")
}

/// What a script of the repository prints when it has made something ready that tests need.
#[expect(clippy::print_stderr, reason = "a test that is skipped has to say so")]
pub(crate) fn prepared(script: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    // The script says on stderr what is wrong.
    let mut command = Command::new(root.join(script));
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    if output.status.success() {
        let printed = String::from_utf8(output.stdout).unwrap();
        return Some(PathBuf::from(printed.trim_end()));
    }
    let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!in_ci, "{script} fails");
    eprintln!("SKIPPED, nothing was tested: {script} fails");
    None
}

/// Runs a script in that Python and returns what it printed; it fails with the test's own words.
pub(crate) fn satisfied(command: &mut Command) -> String {
    // Neither data sets nor prices of models are looked up on the network.
    command.env("HF_HUB_OFFLINE", "1");
    command.env("LITELLM_LOCAL_MODEL_COST_MAP", "True");
    let output = command.stdin(Stdio::null()).output().unwrap();
    let [said, errors] =
        [output.stdout, output.stderr].map(|it| String::from_utf8_lossy(&it).into_owned());
    assert!(output.status.success(), "{command:?}\n{said}\n{errors}");
    said
}
