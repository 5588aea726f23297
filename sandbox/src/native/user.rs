//! Who commands run as, seen from the host.

use std::fs;

use nix::unistd::{getegid, geteuid};
use serde::{Deserialize, Serialize};

/// The user and group id that commands have inside every sandbox.
pub(crate) const INNER_ID: u32 = 1000;

/// The host user and group id that commands run as when the caller is root: nobody's on any distribution we
/// know of (above the ordinary, below the container and systemd ranges), so that even a process that got out
/// owned nothing.
pub const SANDBOX_HOST_ID: u32 = 62_117;

/// The host identity behind [`INNER_ID`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HostUser {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// The caller is root and the first process keeps id 0 for the set-up, apart from the commands' id.
    pub(crate) privileged: bool,
}

impl HostUser {
    /// The commands' identity for the calling process: one without rights when the caller can choose, the
    /// caller's own otherwise.
    pub(crate) fn of_caller() -> Self {
        let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
        let own = Self {
            uid,
            gid,
            privileged: false,
        };
        if uid != 0 || gid != 0 || !can_change_ids() {
            return own;
        }
        let free = |map: &str| {
            let map = fs::read_to_string(map).ok()?;
            unprivileged_id(&map)
        };
        match (free("/proc/self/uid_map"), free("/proc/self/gid_map")) {
            (Some(uid), Some(gid)) => Self {
                uid,
                gid,
                privileged: true,
            },
            _ => own,
        }
    }
}

/// Whether the caller holds the capabilities to take on other user and group ids (`CAP_SETGID` is bit 6,
/// `CAP_SETUID` bit 7, `CAP_CHOWN` bit 0).
fn can_change_ids() -> bool {
    const NEEDED: u64 = 1 << 6 | 1 << 7 | 1;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & NEEDED == NEEDED)
}

/// The id for commands under an id map (`/proc/self/uid_map`): [`SANDBOX_HOST_ID`] where it exists, the
/// highest one otherwise, as in a container that has only a range.
fn unprivileged_id(map: &str) -> Option<u32> {
    let mut highest = None;
    for line in map.lines() {
        let mut numbers = line.split_whitespace().map(str::parse::<u64>);
        let (Some(Ok(first)), Some(Ok(_)), Some(Ok(count))) =
            (numbers.next(), numbers.next(), numbers.next())
        else {
            return None;
        };
        if (first..first + count).contains(&u64::from(SANDBOX_HOST_ID)) {
            return Some(SANDBOX_HOST_ID);
        }
        let last = u32::try_from((first + count).saturating_sub(1)).ok();
        highest = highest.max(last);
    }
    highest.filter(|id| *id > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_host_map_gives_the_documented_id() {
        assert_eq!(
            unprivileged_id("         0          0 4294967295\n"),
            Some(SANDBOX_HOST_ID)
        );
    }

    #[test]
    fn a_container_with_a_short_range_gives_its_highest_id() {
        assert_eq!(unprivileged_id("0 1000 1\n1 100000 50000\n"), Some(50_000));
    }

    #[test]
    fn a_map_of_root_alone_gives_none() {
        assert_eq!(unprivileged_id("0 1000 1\n"), None);
    }
}
