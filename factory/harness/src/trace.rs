//! Finding out what each test executes: one run in which every test has a process to itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use swemill_sandbox::Sandbox;

use crate::reach::{Footprint, Reach};
use crate::record::{Beyond, Touched};
use crate::run::{self, Asked};
use crate::{Baseline, Error, Request, Result, TestCommand, TestRun};

/// What a trace found.
#[derive(Debug)]
pub(crate) struct Trace {
    /// What each test did in a process to itself.
    pub(crate) run: TestRun,
    /// What it executed there, of the tests that are stable and passed.
    pub(crate) reach: Reach,
}

/// Runs every test in a fork of a process that has collected all and run none, and watches what it executes.
///
/// `files` are those that can be changed, relative to the working directory; `timeout` is the wall time of the
/// whole trace, `test_timeout` that of one test.
pub(crate) async fn trace(
    sandbox: &dyn Sandbox,
    command: &TestCommand,
    baseline: &Baseline,
    files: &[String],
    timeout: Duration,
    test_timeout: Duration,
) -> Result<Trace> {
    let request = Request {
        timeout,
        ..baseline.request()
    };
    let beyond = Beyond {
        files,
        seconds_a_test: Some(test_timeout.as_secs_f64()),
        ..Beyond::default()
    };
    let asked = Asked {
        request: &request,
        mode: "trace",
        beyond: Some(beyond),
    };
    let (mut tally, ending, output) = run::execute(sandbox, command, &asked).await?;
    let covered = std::mem::take(&mut tally.covered);
    let imported = tally.imported.take();
    let run = run::test_run(tally, ending, &output);
    let Some(imported) = imported.filter(|_| run.ending.is_complete()) else {
        return Err(Error::Reach(format!(
            "the trace did not complete: {}",
            run.ending
        )));
    };
    let stable: BTreeSet<&str> = baseline.passing().collect();
    let mut tests = BTreeMap::new();
    for (id, touched) in covered {
        if stable.contains(id.as_str()) {
            let seconds = run.tests.get(&id).map_or(0.0, |test| test.seconds);
            tests.insert(id, footprint(touched, files.len(), seconds)?);
        }
    }
    // A test that the trace does not know may be reached by anything.
    for id in stable {
        tests.entry(id.to_owned()).or_insert_with(|| Footprint {
            opaque: Some("it was not traced".into()),
            ..Footprint::default()
        });
    }
    let reach = Reach::new(
        files.to_vec(),
        footprint(imported, files.len(), 0.0)?,
        tests,
    );
    Ok(Trace { run, reach })
}

fn footprint(touched: Touched, files: usize, seconds: f64) -> Result<Footprint> {
    let unknown = |file: &usize| *file >= files;
    let mut named = touched.reads.iter().chain(&touched.looks);
    if named.any(unknown) || touched.lines.iter().any(|(file, _)| unknown(file)) {
        return Err(Error::Reach(
            "it tells of a file that was not asked for".into(),
        ));
    }
    // A file comes once from each process that a test had.
    let mut lines: BTreeMap<usize, BTreeSet<u32>> = BTreeMap::new();
    for (file, bits) in touched.lines {
        let bytes = hex::decode(bits).map_err(|error| Error::Reach(error.to_string()))?;
        lines.entry(file).or_default().extend(set_bits(&bytes));
    }
    Ok(Footprint {
        lines,
        reads: touched.reads,
        looks: touched.looks,
        opaque: touched.opaque,
        draws: touched.draws,
        clock: touched.clock,
        seconds,
    })
}

/// The places of the bits that are set, the lowest first.
fn set_bits(bytes: &[u8]) -> Vec<u32> {
    let places = (0_u32..).zip(bytes).flat_map(|(place, byte)| {
        (0..8).filter_map(move |bit| (byte >> bit & 1 == 1).then_some(place * 8 + bit))
    });
    places.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_lines() {
        assert_eq!(set_bits(&[0b0000_0010, 0, 0b1000_0001]), [1, 16, 23]);
    }
}
