//! Names of answers, and seeds for those who give none.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

static COUNT: AtomicU64 = AtomicU64::new(0);

/// A number that has not been given out before, and that nobody can tell from the ones before: keys of `RandomState` are random.
pub(super) fn number() -> u64 {
    RandomState::new().hash_one(COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A name that begins as `OpenAI`'s do (`chatcmpl-`, `call_`).
pub(super) fn name(prefix: &str) -> String {
    format!("{prefix}{:016x}{:08x}", number(), number() >> 32)
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
