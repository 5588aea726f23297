//! Hiding the tests that judge an instance.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use serde::Serialize;
use swemill_store::instances::Instance;

use super::hide::{Hidden, hide as take_out};
use super::node_id::{Named, is_doctest};
use super::suite::{Removal, Suite};
use super::view::{Entry, View};
use crate::machine::Loaded;

/// A test that could not be taken out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Left {
    /// Its id.
    pub id: String,
    /// Why.
    pub reason: &'static str,
}

/// Files without the tests, and what became of each.
pub(super) struct Hiding {
    pub(super) files: BTreeMap<String, Vec<u8>>,
    pub(super) hidden: Vec<String>,
    pub(super) left: Vec<Left>,
}

const DOCTEST: &str = "it is a part of a text";
const NOT_PYTHON: &str = "it is not written in Python";
const NOT_FOUND: &str = "it is made while the tests are collected";
const USED: &str = "other tests use it";
const UNPARSED: &str = "its file could not be changed";

/// Takes the instance's `FAIL_TO_PASS` out of the files of the view; `changed` are files with other bytes.
pub(super) fn hide(
    view: &View,
    changed: &BTreeMap<String, Vec<u8>>,
    instance: &Instance,
    loaded: &Loaded,
) -> io::Result<Hiding> {
    let wanted: BTreeSet<Named> = named(instance.fail_to_pass.iter().map(String::as_str));
    let all: BTreeSet<Named> = named(loaded.baseline.tests.keys().map(String::as_str));
    let suite = suite(view, changed, &wanted, &all)?;
    let (removals, lost) = suite.removals(&wanted, &all);
    let mut files = BTreeMap::new();
    let mut kept: BTreeSet<(String, String)> = BTreeSet::new();
    for (file, removals) in &removals {
        let names = || {
            removals.iter().map(|removal| match removal {
                Removal::Binding { name, .. } | Removal::Override { name, .. } => name.clone(),
            })
        };
        match suite
            .module(file)
            .and_then(|module| take_out(module, removals))
        {
            Some(Hidden { text, kept: used }) => {
                files.insert(file.clone(), text.into_bytes());
                kept.extend(used.into_iter().map(|name| (file.clone(), name)));
            }
            None => kept.extend(names().map(|name| (file.clone(), name))),
        }
    }
    let mut hiding = Hiding {
        files,
        hidden: Vec::new(),
        left: Vec::new(),
    };
    for id in &instance.fail_to_pass {
        let reason = match Named::parse(id) {
            None if is_doctest(id) => Some(DOCTEST),
            None => Some(NOT_PYTHON),
            Some(test) if lost.contains(&test) => Some(NOT_FOUND),
            Some(test) => kept
                .iter()
                .any(|(file, name)| {
                    (*file == test.file || !hiding.files.contains_key(&test.file))
                        && test.function.starts_with(name.as_str())
                })
                .then(|| {
                    if hiding.files.contains_key(&test.file) {
                        USED
                    } else {
                        UNPARSED
                    }
                }),
        };
        match reason {
            None => hiding.hidden.push(id.clone()),
            Some(reason) => hiding.left.push(Left {
                id: id.clone(),
                reason,
            }),
        }
    }
    Ok(hiding)
}

fn named<'a>(ids: impl Iterator<Item = &'a str>) -> BTreeSet<Named> {
    ids.filter_map(Named::parse).collect()
}

/// The files that the wanted tests are in; where one is inherited, every Python file around any test, since the
/// class that has it may be in each of them.
fn suite(
    view: &View,
    changed: &BTreeMap<String, Vec<u8>>,
    wanted: &BTreeSet<Named>,
    all: &BTreeSet<Named>,
) -> io::Result<Suite> {
    let read = |paths: BTreeSet<String>| -> io::Result<Suite> {
        let mut files = Vec::new();
        for path in paths {
            let bytes = match changed.get(&path) {
                Some(bytes) => Some(bytes.clone()),
                None => view.read(&path)?,
            };
            if let Some(Ok(text)) = bytes.map(String::from_utf8) {
                files.push((path, text));
            }
        }
        Ok(Suite::new(files))
    };
    let suite = read(wanted.iter().map(|test| test.file.clone()).collect())?;
    if wanted.iter().all(|test| suite.holds(test)) {
        return Ok(suite);
    }
    let folder = |file: &str| {
        let parent = Path::new(file).parent().unwrap_or(Path::new(""));
        parent.to_owned()
    };
    let folders: BTreeSet<_> = all.iter().map(|test| folder(&test.file)).collect();
    let everything = view.walk(&|name| name == ".git" || name == "__pycache__")?;
    let around = everything.into_iter().filter_map(|(path, entry)| {
        let is_file = matches!(entry, Entry::File { .. });
        let is_python = path.extension().is_some_and(|extension| extension == "py");
        let near = path.parent().is_some_and(|parent| folders.contains(parent));
        let path = path.to_str()?.to_owned();
        (is_file && is_python && near).then_some(path)
    });
    read(around.collect())
}
