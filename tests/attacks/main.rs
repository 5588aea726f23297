//! Attacks on the factory and faults of what it stands on, beside those that the crates try themselves:
//! docs/SECURITY.md lists all. `cargo nextest run -p swemill --test attacks` runs these.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on fails, and one that is skipped has to say so"
)]

mod census;
mod engine;
mod interrupted;
mod leases;
mod ledger;
mod malformed;
mod rewards;
mod submissions;
#[path = "../system/support/mod.rs"]
#[expect(dead_code, reason = "the system tests use the rest")]
mod support;
mod terminal;
mod torn;
