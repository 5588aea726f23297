//! Which tests a change of some lines can reach: what the baseline's trace is kept for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{Read, Write};
use std::ops::RangeInclusive;

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};

use crate::{Error, Result, Status, TestRun};

/// A set of tests, as ascending places in [`Reach::tests`].
type Set = Vec<u32>;

/// Which lines each test of an environment executes. Tests that do not pass in every run are not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// Files that can be changed, relative to the repository.
    pub files: Vec<String>,
    /// Ids of the tests.
    pub tests: Vec<String>,
    /// Sets of tests that occur; the first is empty.
    sets: Vec<Set>,
    /// By file: runs of lines (first line, how many) that the same set of tests executes.
    lines: Vec<Vec<(u32, u32, u32)>>,
    /// By file: lines that were executed before the first test, in runs.
    imported: Vec<Vec<(u32, u32)>>,
    /// By file: the tests that open it themselves.
    readers: Vec<Set>,
    /// By file: the tests that look at defaults of its functions, other than by calling them.
    lookers: Vec<Set>,
    /// Files of which defaults were looked at before the first test.
    looked_at: Vec<usize>,
    /// Tests of which lines do not tell all, with the reason.
    pub opaque: BTreeMap<u32, String>,
    /// Why importing and collecting may depend on more than lines, if they may.
    pub opaque_import: Option<String>,
    /// Tests that do something else in a copy of a waiting process, with what they do there.
    pub unfit: BTreeMap<u32, String>,
    /// What the untouched tests leave changed in their process, by name without numbers.
    left: BTreeSet<String>,
    /// Tests that draw random numbers that nobody chose: under a change they may do the one or the other though they
    /// pass always without it.
    draws: BTreeSet<u32>,
    /// Tests that read the time of day: the same goes for them.
    clock: BTreeSet<u32>,
    /// What each test took in a process to itself, watched, in milliseconds.
    alone: Vec<u32>,
}

/// What a change of some lines can reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Any test, for this reason.
    All(String),
    /// Only these: ascending places in [`Reach::tests`].
    Tests(Vec<u32>),
}

/// What one test did, as the trace told it.
#[derive(Debug, Default)]
pub(crate) struct Footprint {
    /// Lines by file.
    pub(crate) lines: BTreeMap<usize, BTreeSet<u32>>,
    /// Files that were opened.
    pub(crate) reads: Vec<usize>,
    /// Files with functions whose defaults were looked at.
    pub(crate) looks: Vec<usize>,
    /// Why that is not all.
    pub(crate) opaque: Option<String>,
    /// Whether it drew random numbers.
    pub(crate) draws: bool,
    /// Whether it read the time of day.
    pub(crate) clock: bool,
    /// What it took.
    pub(crate) seconds: f64,
}

impl Reach {
    /// The shape that this version writes and reads.
    pub const FORMAT: i32 = 3;

    /// Puts the footprints of tests together.
    pub(crate) fn new(
        files: Vec<String>,
        imported: Footprint,
        tests: BTreeMap<String, Footprint>,
    ) -> Self {
        let mut by_line: Vec<BTreeMap<u32, Set>> = vec![BTreeMap::new(); files.len()];
        let mut readers: Vec<Set> = vec![Set::new(); files.len()];
        let mut lookers = readers.clone();
        let mut opaque = BTreeMap::new();
        let (mut draws, mut clock) = (BTreeSet::new(), BTreeSet::new());
        for (place, footprint) in (0..).zip(tests.values()) {
            for (&file, lines) in &footprint.lines {
                for &line in lines {
                    by_line[file].entry(line).or_default().push(place);
                }
            }
            for &file in &footprint.reads {
                readers[file].push(place);
            }
            for &file in &footprint.looks {
                lookers[file].push(place);
            }
            if let Some(reason) = &footprint.opaque {
                opaque.insert(place, reason.clone());
            }
            if footprint.draws {
                draws.insert(place);
            }
            if footprint.clock {
                clock.insert(place);
            }
        }
        let mut sets = vec![Set::new()];
        let mut known: HashMap<Set, u32> = HashMap::from([(Set::new(), 0)]);
        let mut number_of = |set: Set| {
            *known.entry(set).or_insert_with_key(|set| {
                sets.push(set.clone());
                u32::try_from(sets.len() - 1).expect("there are fewer sets than lines of code")
            })
        };
        let lines = by_line
            .into_iter()
            .map(|lines| {
                let mut runs: Vec<(u32, u32, u32)> = Vec::new();
                for (line, set) in lines {
                    let number = number_of(set);
                    match runs.last_mut() {
                        Some((first, length, same))
                            if *first + *length == line && *same == number =>
                        {
                            *length += 1;
                        }
                        _ => runs.push((line, 1, number)),
                    }
                }
                runs
            })
            .collect();
        let before = |file| imported.lines.get(&file).map_or_else(Vec::new, runs);
        Self {
            imported: (0..files.len()).map(before).collect(),
            files,
            alone: tests
                .values()
                .map(|footprint| milliseconds(footprint.seconds))
                .collect(),
            tests: tests.into_keys().collect(),
            sets,
            lines,
            readers,
            lookers,
            looked_at: imported.looks,
            opaque,
            opaque_import: imported.opaque,
            unfit: BTreeMap::new(),
            left: BTreeSet::new(),
            draws,
            clock,
        }
    }

    /// Whether this test draws random numbers that nobody chose, or reads the time of day.
    pub fn is_chance(&self, id: &str) -> bool {
        self.draws_random(id) || self.reads_clock(id)
    }

    /// Whether this test draws random numbers that nobody chose.
    pub(crate) fn draws_random(&self, id: &str) -> bool {
        self.place(id)
            .is_some_and(|place| self.draws.contains(&place))
    }

    /// Whether this test reads the time of day.
    pub(crate) fn reads_clock(&self, id: &str) -> bool {
        self.place(id)
            .is_some_and(|place| self.clock.contains(&place))
    }

    /// What this test took in a process to itself, in seconds, while it was watched: with all that it has to import and
    /// to work out that others have done for it where it is not alone.
    pub(crate) fn seconds_alone(&self, id: &str) -> f64 {
        let milliseconds = self
            .place(id)
            .and_then(|place| self.alone.get(place as usize));
        milliseconds.copied().map_or(0.0, f64::from) / 1000.0
    }

    /// A test's place in [`Reach::tests`].
    fn place(&self, id: &str) -> Option<u32> {
        // Ids are in order, as the map they came from.
        let place = self.tests.binary_search_by(|test| test.as_str().cmp(id));
        u32::try_from(place.ok()?).ok()
    }

    /// The tests that a change of these lines of a file can reach; with `defaults`, of defaults in it as well.
    pub fn of(&self, file: &str, changed: &[RangeInclusive<u32>], defaults: bool) -> Reached {
        if let Some(reason) = &self.opaque_import {
            return Reached::All(format!(
                "what collecting the tests does is not known: {reason}"
            ));
        }
        let Some(file) = self.files.iter().position(|known| known == file) else {
            return Reached::All(format!("{file} was not looked at"));
        };
        if defaults && self.looked_at.contains(&file) {
            return Reached::All("importing looks at defaults of the file's functions".to_owned());
        }
        let meets = |first: u32, length: u32| {
            changed
                .iter()
                .any(|range| *range.start() < first + length && first <= *range.end())
        };
        if let Some(&(line, _)) = self.imported[file]
            .iter()
            .find(|(first, length)| meets(*first, *length))
        {
            return Reached::All(format!(
                "line {line} or one after it is executed before the first test"
            ));
        }
        let mut reached: BTreeSet<u32> = self.opaque.keys().copied().collect();
        reached.extend(&self.readers[file]);
        if defaults {
            reached.extend(&self.lookers[file]);
        }
        for &(first, length, set) in &self.lines[file] {
            if meets(first, length) {
                reached.extend(&self.sets[set as usize]);
            }
        }
        Reached::Tests(reached.into_iter().collect())
    }

    /// Has a change reach this test by nothing: it is in no list.
    pub(crate) fn forget(&mut self, id: &str) {
        if let Some(place) = self.place(id) {
            self.opaque.remove(&place);
            let sets = self.sets.iter_mut();
            for set in sets.chain(&mut self.readers).chain(&mut self.lookers) {
                set.retain(|test| *test != place);
            }
        }
    }

    /// Notes what tests do in a copy of a waiting process where all of them run and nothing is changed.
    pub(crate) fn compare_with_copy(&mut self, run: &TestRun, left: Option<BTreeSet<String>>) {
        for (place, id) in (0..).zip(&self.tests) {
            let status = run.status(id);
            if status != Status::Passed {
                self.unfit.insert(place, status.to_string());
            }
        }
        let left = left.unwrap_or_default();
        self.left = left.iter().map(|name| unnumbered(name)).collect();
    }

    /// Whether the untouched tests leave this changed as well, or one of another number.
    pub fn leaves(&self, name: &str) -> bool {
        self.left.contains(&unnumbered(name))
    }

    /// A compact form to be stored.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let unwritable = |error: &dyn std::fmt::Display| Error::Reach(error.to_string());
        let plain = postcard::to_allocvec(self).map_err(|error| unwritable(&error))?;
        let mut packer = DeflateEncoder::new(Vec::new(), Compression::default());
        packer
            .write_all(&plain)
            .map_err(|error| unwritable(&error))?;
        packer.finish().map_err(|error| unwritable(&error))
    }

    /// Reads what [`Reach::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut plain = Vec::new();
        DeflateDecoder::new(bytes)
            .read_to_end(&mut plain)
            .map_err(|error| Error::Reach(error.to_string()))?;
        postcard::from_bytes(&plain).map_err(|error| Error::Reach(error.to_string()))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast to an integer saturates"
)]
fn milliseconds(seconds: f64) -> u32 {
    (seconds * 1000.0).ceil() as u32
}

/// A name without its numbers: what is made on demand is often counted in its name, and which tests ran before
/// decides how far.
fn unnumbered(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for character in name.chars() {
        if !character.is_ascii_digit() {
            plain.push(character);
        } else if !plain.ends_with('#') {
            plain.push('#');
        }
    }
    plain
}

/// Ascending numbers as runs: the first, and how many.
fn runs(numbers: &BTreeSet<u32>) -> Vec<(u32, u32)> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((first, length)) if *first + *length == number => *length += 1,
            _ => runs.push((number, 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn footprint(lines: &[(usize, &[u32])]) -> Footprint {
        Footprint {
            lines: lines
                .iter()
                .map(|(file, lines)| (*file, lines.iter().copied().collect()))
                .collect(),
            ..Footprint::default()
        }
    }

    fn reach() -> Reach {
        let mut reader = footprint(&[(0, &[20])]);
        reader.reads = vec![1];
        let mut starter = footprint(&[]);
        starter.opaque = Some("it starts python".into());
        let tests = [
            ("a", footprint(&[(0, &[10, 11, 12]), (1, &[5])])),
            ("b", footprint(&[(0, &[11])])),
            ("reader", reader),
            ("starter", starter),
        ];
        let tests = tests
            .map(|(id, footprint)| (id.to_owned(), footprint))
            .into();
        Reach::new(
            vec!["one.py".into(), "two.py".into()],
            footprint(&[(0, &[1, 2, 9])]),
            tests,
        )
    }

    fn names(reach: &Reach, reached: &Reached) -> Vec<String> {
        match reached {
            Reached::All(reason) => vec![reason.clone()],
            Reached::Tests(tests) => tests
                .iter()
                .map(|place| reach.tests[*place as usize].clone())
                .collect(),
        }
    }

    #[test]
    fn a_line_reaches_the_tests_that_execute_it_and_those_of_which_lines_do_not_tell_all() {
        let reach = reach();
        assert_eq!(
            names(&reach, &reach.of("one.py", &[11..=11], false)),
            ["a", "b", "starter"]
        );
        assert_eq!(
            names(&reach, &reach.of("one.py", &[12..=19], false)),
            ["a", "starter"]
        );
        assert_eq!(
            names(&reach, &reach.of("one.py", &[13..=13], false)),
            ["starter"]
        );
    }

    #[test]
    fn a_test_that_opens_a_file_depends_on_all_of_it() {
        let reach = reach();
        assert_eq!(
            names(&reach, &reach.of("two.py", &[100..=100], false)),
            ["reader", "starter"]
        );
    }

    #[test]
    fn a_default_reaches_those_that_look_at_it_too() {
        let (mut looker, mut imported) = (footprint(&[]), footprint(&[]));
        looker.looks = vec![0];
        imported.looks = vec![1];
        let tests = BTreeMap::from([("looker".to_owned(), looker)]);
        let reach = Reach::new(vec!["one.py".into(), "two.py".into()], imported, tests);
        let of = |file, defaults| names(&reach, &reach.of(file, &[1..=1], defaults));
        assert_eq!(of("one.py", true), ["looker"]);
        assert!(of("one.py", false).is_empty() && of("two.py", false).is_empty());
        assert_eq!(
            of("two.py", true),
            ["importing looks at defaults of the file's functions"]
        );
    }

    #[test]
    fn a_line_executed_before_the_first_test_reaches_all() {
        let reach = reach();
        assert!(matches!(
            reach.of("one.py", &[9..=10], false),
            Reached::All(_)
        ));
        assert!(matches!(
            reach.of("one.py", &[3..=8], false),
            Reached::Tests(_)
        ));
        assert!(matches!(
            reach.of("three.py", &[3..=8], false),
            Reached::All(_)
        ));
    }

    #[test]
    fn names_that_differ_in_their_numbers_are_one() {
        let mut reach = reach();
        let left = BTreeSet::from(["a.b:made_12_x3".to_owned()]);
        reach.left = left.iter().map(|name| unnumbered(name)).collect();
        assert!(reach.leaves("a.b:made_7_x30"));
        assert!(!reach.leaves("a.b:other_12_x3"));
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let reach = reach();
        assert_eq!(
            Reach::from_bytes(&reach.to_bytes().unwrap()).unwrap(),
            reach
        );
        assert!(Reach::from_bytes(b"nonsense").is_err());
    }
}
