//! Machines that lack what sandboxes are built on.

use std::process::Command;

use swemill_sandbox::Error;

use crate::conformance::{Host, small};
use crate::native;

#[test]
fn without_user_namespaces_the_error_says_what_to_do() {
    // A user namespace whose own ceiling on further ones is 0 stands in for such a machine.
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "sh", "-c"])
        .arg("echo 0 > /proc/sys/user/max_user_namespaces && exec \"$@\"")
        .arg("sh")
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture"])
        .arg("native_life::missing_means::a_start_fails_with_advice")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{told}"
    );
}

#[tokio::test]
#[ignore = "run by `without_user_namespaces_the_error_says_what_to_do`"]
async fn a_start_fails_with_advice() {
    let host = Host::new(native()).await;
    let environment = host.backend.prepare(&host.spec()).await.unwrap();
    let error = host
        .backend
        .start(&environment, &small())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    let told = error.to_string();
    assert!(
        told.contains("sysctl -w user.max_user_namespaces"),
        "{told}"
    );
    let report = swemill_sandbox::NativeBackend::new(crate::launcher())
        .probe()
        .await;
    assert!(!report.usable());
}
