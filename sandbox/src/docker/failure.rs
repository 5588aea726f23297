//! What the engine refuses, in words that help. None of it is ever a command's fault.

use bollard::errors::Error as Refusal;

use crate::Error;

/// The engine's answer when something is not there.
const NOT_FOUND: u16 = 404;
/// The engine's answer when something is there, or being done, already.
const CONFLICT: u16 = 409;

/// Whether the engine does not know what it was asked about.
pub(crate) fn is_missing(error: &Refusal) -> bool {
    status(error) == Some(NOT_FOUND)
}

/// Whether what was asked is there already, or being done by somebody else.
pub(crate) fn is_conflict(error: &Refusal) -> bool {
    status(error) == Some(CONFLICT)
}

fn status(error: &Refusal) -> Option<u16> {
    match error {
        Refusal::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

/// A failure of the machinery, with what to do about it.
pub(crate) fn engine_error(doing: &str, error: &Refusal) -> Error {
    let reason = match error {
        Refusal::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        other => other.to_string(),
    };
    Error::Engine {
        doing: doing.to_owned(),
        remedy: remedy(status(error), &reason).into(),
        reason,
    }
}

/// By what engines say; the words are those of moby and Podman.
fn remedy(status: Option<u16>, reason: &str) -> &'static str {
    let says = |words: &str| reason.contains(words);
    if says("address pool") {
        "remove unused networks (`docker network prune`) or widen `default-address-pools`"
    } else if says("no space left") {
        "make room on the engine's disk (`swemill image prune`, `docker system df`)"
    } else if says("unknown or invalid runtime") || says("unknown runtime") {
        "install the runtime and name it to the engine, or change `docker_runtime`"
    } else if says("permission denied") {
        "let this user reach the engine's socket (group `docker`)"
    } else if status == Some(NOT_FOUND) {
        "make it again: `swemill image bootstrap` for the base image; environments are prepared anew by themselves"
    } else if status == Some(CONFLICT) {
        "another process uses the name; try again"
    } else {
        "look at the engine's log; try again when it is well"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status_code: u16, message: &str) -> Error {
        let error = Refusal::DockerResponseServerError {
            status_code,
            message: message.into(),
        };
        engine_error("making a container", &error)
    }

    #[test]
    fn an_exhausted_address_pool_is_explained() {
        let words =
            "could not find an available, non-overlapping IPv4 address pool among the defaults";
        let text = refused(500, words).to_string();
        assert!(text.contains("docker network prune"), "{text}");
        assert!(text.contains("making a container"), "{text}");
    }

    #[test]
    fn a_taken_name_and_a_missing_image_are_told_apart() {
        assert!(
            refused(409, "Conflict. The name is in use")
                .to_string()
                .contains("uses the name")
        );
        assert!(
            refused(404, "No such image: x")
                .to_string()
                .contains("image bootstrap")
        );
    }
}
