//! Labels by which what swemill makes in an engine is known, and whose it is.

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::native::owner;

/// Whose a container is: the name of the process that made it (see [`owner`]).
const OWNER: &str = "swemill.owner";
/// The machine's boot, since process ids of another mean nothing here.
const BOOT: &str = "swemill.boot";
/// When it was made, in seconds since 1970.
pub(crate) const STARTED: &str = "swemill.started";
/// Until when nobody who cannot ask its owner may think it abandoned, in seconds since 1970.
const LEASE: &str = "swemill.lease";
/// The version that made it.
pub(crate) const VERSION: &str = "swemill.version";
/// What an image is: `environment` or `base`.
pub(crate) const KIND: &str = "swemill.kind";

/// How long a container of a process on another machine is left alone.
const LEASE_TIME: Duration = Duration::from_hours(24);

/// The labels of a new container, and its name.
pub(crate) fn of_container() -> (String, HashMap<String, String>) {
    let name = owner::new_name().unwrap_or_else(|| format!("swemill-0-{}-0-0", std::process::id()));
    let now = now();
    let labels = [
        (OWNER, name.clone()),
        (BOOT, boot()),
        (STARTED, now.to_string()),
        (LEASE, (now + LEASE_TIME.as_secs()).to_string()),
        (VERSION, env!("CARGO_PKG_VERSION").to_owned()),
    ];
    let labels = labels.map(|(label, value)| (label.to_owned(), value));
    (name, labels.into())
}

/// The label that every container of ours has, for a list's filter.
pub(crate) fn ours() -> HashMap<String, Vec<String>> {
    HashMap::from([("label".to_owned(), vec![OWNER.to_owned()])])
}

/// Whether nobody uses a container with these labels any more: its owner ran on this machine, since this boot, and
/// is dead; or nobody here can know its owner, and its lease is over.
pub(crate) fn is_abandoned(labels: &HashMap<String, String>) -> bool {
    abandoned(labels, &boot(), now())
}

fn abandoned(labels: &HashMap<String, String>, boot: &str, now: u64) -> bool {
    let (Some(owner), Some(lease)) = (labels.get(OWNER), labels.get(LEASE)) else {
        return false;
    };
    if labels.get(BOOT).is_some_and(|made| made == boot) && owner::is_known(owner) {
        return owner::is_dead(owner);
    }
    lease.parse().is_ok_and(|lease: u64| lease < now)
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

fn boot() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_living_owners_container_is_left_alone_whatever_its_lease() {
        let (_, labels) = of_container();
        assert!(!abandoned(&labels, &boot(), u64::MAX));
    }

    #[test]
    fn a_dead_owners_container_is_abandoned_before_its_lease_is_over() {
        let (name, mut labels) = of_container();
        let fields: Vec<&str> = name.split('-').collect();
        let reused = format!("swemill-{}-{}-1-0", fields[1], fields[2]);
        labels.insert(OWNER.into(), reused);
        assert!(abandoned(&labels, &boot(), now()));
    }

    #[test]
    fn another_machines_container_is_abandoned_when_its_lease_is_over() {
        let (_, mut labels) = of_container();
        labels.insert(BOOT.into(), "another".into());
        assert!(!abandoned(&labels, &boot(), now()));
        assert!(abandoned(
            &labels,
            &boot(),
            now() + LEASE_TIME.as_secs() + 1
        ));
    }

    #[test]
    fn what_others_made_is_left_alone() {
        assert!(!abandoned(&HashMap::new(), &boot(), u64::MAX));
    }
}
