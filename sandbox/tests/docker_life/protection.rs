//! What the engine is asked for, seen from outside: the container's configuration in the engine's own words.

use super::life::{containers_of, docker};
use crate::conformance::{Host, shell, small, succeed};
use crate::engine;

fn inspect(container: &str, field: &str) -> String {
    docker(&[
        "inspect",
        "--format",
        &format!("{{{{json {field}}}}}"),
        container,
    ])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_container_has_every_bound_and_no_right() {
    let Some(backend) = engine().await else {
        return;
    };
    let host = Host::new(Box::new(backend)).await;
    let sandbox = host.start().await;
    let container = containers_of(std::process::id()).pop_first().unwrap();
    let expected = [
        (".Config.User", "\"1000:1000\""),
        (".HostConfig.CapDrop", "[\"ALL\"]"),
        (".HostConfig.CapAdd", "null"),
        (".HostConfig.Privileged", "false"),
        (".HostConfig.SecurityOpt", "[\"no-new-privileges\"]"),
        (".HostConfig.ReadonlyRootfs", "true"),
        (".HostConfig.NetworkMode", "\"none\""),
        (".HostConfig.IpcMode", "\"private\""),
        (".HostConfig.Binds", "null"),
        (".HostConfig.AutoRemove", "true"),
        (".HostConfig.PidsLimit", "65"),
    ];
    for (field, value) in expected {
        assert_eq!(inspect(&container, field), value, "{field}");
    }
    assert!(!inspect(&container, ".Mounts").contains("bind"));
    let memory: u64 = inspect(&container, ".HostConfig.Memory").parse().unwrap();
    assert!(memory >= small().memory_bytes && memory < small().memory_bytes + (40 << 20));
    assert_eq!(
        inspect(&container, ".HostConfig.MemorySwap"),
        memory.to_string()
    );
    for label in ["owner", "boot", "started", "lease", "version"] {
        let value = inspect(
            &container,
            &format!("(index .Config.Labels \"swemill.{label}\")"),
        );
        assert!(value.len() > 2, "{label}: {value}");
    }
    assert_eq!(succeed(&*sandbox, shell("echo alive")).await, "alive\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_original_of_a_changed_file_cannot_be_read_anywhere() {
    let Some(backend) = engine().await else {
        return;
    };
    let host = Host::new(Box::new(backend)).await;
    let canary = "canary-5f1c0e";
    std::fs::write(host.layer().join("hello.txt"), canary).unwrap();
    let sandbox = host.start().await;
    assert_eq!(succeed(&*sandbox, shell("cat hello.txt")).await, canary);
    succeed(&*sandbox, shell("echo changed > hello.txt")).await;
    // Everything that a command can read, on one file system or another.
    let search = "grep -rsl --exclude-dir=proc --exclude-dir=sys --exclude-dir=usr -e \"$(printf 'canary-%s' 5f1c0e)\" / ; true";
    assert_eq!(succeed(&*sandbox, shell(search)).await, "");
}
