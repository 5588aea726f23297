//! The sandbox's `/etc`: what programs need of the host's, and plain files of our own.

use std::fs;
use std::path::Path;

use super::mounts::{Access, Source, make_folder};
use super::{Failure, Step};

/// Parts of the host's `/etc` that say how programs work and nothing about the host's users or services.
const SHARED: &[&str] = &[
    "alternatives",
    "ca-certificates",
    "crypto-policies",
    "debian_version",
    "fonts",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "mime.types",
    "os-release",
    "pki/ca-trust",
    "pki/tls/certs",
    "pki/tls/cert.pem",
    "pki/tls/openssl.cnf",
    "protocols",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
];

/// How names are found on the network: only for sandboxes that have one.
const RESOLVER: &[&str] = &["resolv.conf", "hosts", "gai.conf", "host.conf"];

/// Files of our own.
pub(crate) const GENERATED: &[(&str, &str)] = &[
    (
        "passwd",
        "root:x:0:0:root:/nonexistent:/usr/sbin/nologin\n\
         sandbox:x:1000:1000:sandbox:/home/sandbox:/bin/sh\n\
         nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    ),
    ("group", "root:x:0:\nsandbox:x:1000:\nnogroup:x:65534:\n"),
    (
        "nsswitch.conf",
        "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
    ),
    ("hostname", "sandbox\n"),
];

/// Loopback by name, for sandboxes without a network.
const HOSTS: &str = "127.0.0.1 localhost sandbox\n::1 localhost ip6-localhost ip6-loopback\n";

/// What is taken from the host's `/etc`, held open.
pub(crate) struct Shared(Vec<(&'static str, Source)>);

/// Holds what will be shared.
pub(crate) fn open_shared(network: bool) -> Shared {
    let resolver = if network { RESOLVER } else { &[] };
    let shared = SHARED.iter().chain(resolver).filter_map(|name| {
        // A dangling link is left out like a missing file.
        let path = fs::canonicalize(format!("/etc/{name}")).ok()?;
        Some((*name, Source::open(path.as_os_str()).ok()?))
    });
    Shared(shared.collect())
}

/// Fills the folder.
pub(crate) fn fill(etc: &Path, shared: &Shared, network: bool) -> Result<(), Failure> {
    make_folder(etc)?;
    for (name, content) in GENERATED {
        fs::write(etc.join(name), content).step(|| format!("writing /etc/{name}"))?;
    }
    if !network {
        fs::write(etc.join("hosts"), HOSTS).step(|| "writing /etc/hosts".into())?;
    }
    for (name, source) in &shared.0 {
        source.bind(&etc.join(name), Access::ReadOnly)?;
    }
    // Always the same clock: results must not depend on where the machine stands.
    std::os::unix::fs::symlink("/usr/share/zoneinfo/Etc/UTC", etc.join("localtime"))
        .step(|| "linking /etc/localtime".into())
}
