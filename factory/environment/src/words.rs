//! Reading what a failed command said.

use crate::error::{BuildFailure, Class, Step};

/// The failure that a command's words tell of: the network's, where they say so.
pub(crate) fn failure(step: Step, what: &str, text: &str) -> BuildFailure {
    const NETWORK: [&str; 9] = [
        "error sending request",
        "dns error",
        "Connection refused",
        "connection closed",
        "operation timed out",
        "Could not connect",
        "invalid peer certificate",
        "tls handshake",
        "status server error",
    ];
    let lower = text.to_lowercase();
    let network = NETWORK
        .iter()
        .any(|sign| lower.contains(&sign.to_lowercase()));
    let reason = format!("{what}: {}", gist(text));
    let (class, remedy) = if network {
        (
            Class::Infra,
            "check that the package index can be reached (index, proxy and certificate settings of pip and uv are \
             honoured), then try again",
        )
    } else {
        (
            Class::Environment,
            "read the log below; if a system library is missing, install its development package on this machine",
        )
    };
    BuildFailure {
        class,
        ..BuildFailure::environment(step, reason, remedy)
    }
    .with_log(text)
}

/// The line that says most.
pub(crate) fn gist(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let is_exception = |line: &&&str| {
        let head = line.split(':').next().unwrap_or_default();
        !head.contains(' ') && (head.ends_with("Error") || head.ends_with("Exception"))
    };
    let best = lines
        .iter()
        .rev()
        .find(is_exception)
        .or_else(|| {
            lines
                .iter()
                .find(|line| line.contains("cause:") || line.starts_with("Because"))
        })
        .or_else(|| {
            lines
                .iter()
                .find(|line| line.starts_with("error:") || line.contains("error:"))
        })
        .or_else(|| lines.last());
    best.map_or_else(
        || "no word was said".to_owned(),
        |line| line.chars().take(300).collect(),
    )
}
