//! Waiting for child processes that outlive the function that started them.

use std::process::Child;
use std::thread;

use tracing::debug;

/// Takes a child out of the process table when it ends, if this command is there to see it.
pub(super) fn when_it_ends(mut child: Child) {
    let reaper = thread::Builder::new()
        .name("reaper".to_owned())
        .spawn(move || {
            if let Err(error) = child.wait() {
                debug!(%error, "a child process cannot be waited for");
            }
        });
    if let Err(error) = reaper {
        debug!(%error, "no thread to wait for a child process");
    }
}
