//! Running a repository's tests in a sandbox and reading what they did.
//!
//! A plugin of our own runs inside the repository's pytest and sends one record for everything that happens
//! to a test, over a channel that the tested code's output cannot forge. From the records of one run comes a
//! [`TestRun`], from several runs of an untouched repository a [`Baseline`], and from a baseline and a run of
//! a changed repository the [`Comparison`] that decides what the change broke.
//!
//! Reading order: [`command`] says how a repository's tests are started and [`suite`] where, [`plugin`] puts our files where a
//! sandbox sees them, [`frame`] checks what comes over the channel, `record` gives it names, `tally` folds a
//! test's records into one [`status`], [`run`] does one run, [`outcome`] and [`ending`] are what it leaves,
//! [`baseline`] does several, [`stability`] says which tests they agree on, [`compare`] judges. [`survey`] finds out
//! (by `trace`) what each test executes, [`reach`] says which tests a change can reach by that, and [`warm`] runs
//! them in copies of a process that waits.

pub mod baseline;
pub mod command;
pub mod compare;
pub mod ending;
pub mod error;
pub mod frame;
pub mod outcome;
pub mod plugin;
pub mod reach;
mod record;
pub mod run;
pub mod stability;
pub mod status;
pub mod suite;
pub mod survey;
mod tally;
mod trace;
pub mod warm;

pub use baseline::{Baseline, BaselineOptions, Excluded, baseline};
pub use command::{Request, Selection, TestCommand};
pub use compare::{Comparison, compare, compare_reached};
pub use ending::Ending;
pub use error::{Error, Result};
pub use outcome::{Collection, CollectionError, Repeated, TestRun};
pub use reach::{Reach, Reached};
pub use run::{collect, run};
pub use stability::{BaselineTest, Instability};
pub use status::{Crash, Status, TestRecord};
pub use suite::Suite;
pub use survey::survey;
pub use warm::{Stage, Warm};
