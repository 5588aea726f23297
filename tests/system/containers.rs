//! The same work in containers: the same data set, byte for byte, and nothing left in the engine.
//!
//! Needs an engine with the base image. Where there is none the test says so and does nothing, except under
//! `CI=true`, where that is a failure.

use std::process::Command;

use crate::support::{Home, SOUND, project};

/// Whether containers can be had; says why the test is skipped otherwise.
#[expect(clippy::print_stderr, reason = "a test that is skipped has to say so")]
fn engine_is_there(home: &Home) -> bool {
    let findings = home.run(&["doctor", "--json"]).json();
    let findings = findings.as_array().unwrap();
    let docker = findings
        .iter()
        .find(|finding| finding["name"] == "Docker")
        .unwrap();
    let works = docker["works"] == true;
    let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(works || !in_ci, "{docker}");
    if !works {
        eprintln!("SKIPPED, nothing was tested: {docker}");
    }
    works
}

fn images_of(digest: &str) -> String {
    let filter = format!("label=swemill.digest={digest}");
    let arguments = ["images", "--quiet", "--filter", &filter];
    let output = Command::new("docker").args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn containers_and_native_sandboxes_give_the_same_data_set() {
    let folder = tempfile::tempdir().unwrap();
    let source = project(&folder.path().join("sums"), SOUND);
    let source = source.to_str().unwrap();
    let (native, docker) = (Home::new(), Home::new());
    if !engine_is_there(&docker) {
        return;
    }
    let run = |home: &Home, backend: &str| {
        let size = ["--seed", "3", "--max-candidates", "6", "--workers", "2"];
        home.succeed(&[&["run", source, "--backend", backend][..], &size].concat());
        home.exported()
    };
    let made_natively = run(&native, "native");
    let text = String::from_utf8_lossy(&made_natively).into_owned();
    assert!(text.lines().count() >= 3, "{text}");
    assert_eq!(run(&docker, "docker"), made_natively);
    // What one backend made, the other proves.
    let verified = native
        .succeed(&["verify", "--sample", "2", "--backend", "docker", "--json"])
        .json();
    assert_eq!(verified["agreed"], 2, "{verified}");
    for home in [&native, &docker] {
        for image in home
            .succeed(&["image", "list", "--json"])
            .json()
            .as_array()
            .unwrap()
        {
            let digest = image["labels"]["digest"].as_str().unwrap_or_default();
            let of_this_test = image["labels"]["source"] == source;
            if of_this_test {
                for id in images_of(digest).lines() {
                    let removed = Command::new("docker").args(["rmi", "--force", id]).output();
                    assert!(removed.unwrap().status.success());
                }
            }
        }
    }
}
