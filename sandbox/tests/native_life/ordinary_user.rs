//! Everything works for an ordinary user, too.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use tempfile::TempDir;

/// Nobody in particular.
const USER: u32 = 64_321;

#[test]
fn the_whole_suite_passes_as_an_ordinary_user() {
    if !nix::unistd::geteuid().is_root() {
        // Then every other test of this file has just shown it.
        return;
    }
    // The build folder may lie where that user cannot go.
    let folder = TempDir::new().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (suite, helper) = (folder.path().join("suite"), folder.path().join("helper"));
    fs::copy(std::env::current_exe().unwrap(), &suite).unwrap();
    fs::copy(crate::launcher().program, &helper).unwrap();
    let output = Command::new(&suite)
        .args(["without_control_groups", "--test-threads", "2"])
        .env("SWEMILL_TEST_INIT", &helper)
        .env_remove("TMPDIR")
        .current_dir("/")
        .uid(USER)
        .gid(USER)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    assert!(
        told.contains(" passed") && !told.contains(" 0 passed"),
        "{told}"
    );
}
