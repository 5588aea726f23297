//! Naming what a process leaves on the host (control groups, folders) so that a later one can tell whether
//! its owner is still alive.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};

/// A name that is this process's and nobody else's: its process namespace, id and start time, and a number.
pub(crate) fn new_name() -> Option<String> {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let id = std::process::id();
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    Some(format!(
        "swemill-{}-{id}-{}-{number}",
        process_namespace()?,
        start_time(id)?
    ))
}

/// Whether a name was made by [`new_name`] in a process that is no more. Names from other process
/// namespaces, where ids mean other processes, are left alone.
pub(crate) fn is_dead(name: &str) -> bool {
    let fields: Vec<&str> = name.split('-').collect();
    let ["swemill", namespace, id, began, _] = fields[..] else {
        return false;
    };
    let Ok(id) = id.parse() else { return false };
    process_namespace().as_deref() == Some(namespace) && start_time(id).as_deref() != Some(began)
}

/// Whether a name was made in this process namespace, so that [`is_dead`] can tell of its owner.
pub(crate) fn is_known(name: &str) -> bool {
    let fields: Vec<&str> = name.split('-').collect();
    fields.len() == 5 && process_namespace().as_deref() == Some(fields[1])
}

fn process_namespace() -> Option<String> {
    let link = fs::read_link("/proc/self/ns/pid").ok()?;
    let digits: String = link
        .to_string_lossy()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    Some(digits)
}

/// A process's start, in clock ticks since the machine's: the 22nd field of its `stat`.
fn start_time(id: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(") ")?;
    after_name.split(' ').nth(19).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_their_owner_lives() {
        let (one, two) = (new_name().unwrap(), new_name().unwrap());
        assert_ne!(one, two);
        assert!(!is_dead(&one) && !is_dead(&two));
    }

    #[test]
    fn a_reused_process_id_is_not_the_owner() {
        let name = new_name().unwrap();
        let fields: Vec<&str> = name.split('-').collect();
        assert!(is_dead(&format!("swemill-{}-{}-1-0", fields[1], fields[2])));
    }

    #[test]
    fn what_others_made_is_left_alone() {
        assert!(!is_dead("swemill-1-1-1-0"), "another namespace's");
        assert!(!is_dead("system.slice"));
        assert!(!is_dead("swemill-notes"));
    }
}
