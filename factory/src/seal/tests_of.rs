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
    let planned = suite.removals(&wanted, &all);
    let mut removals: BTreeMap<String, BTreeSet<Removal>> = BTreeMap::new();
    for (file, removal) in planned.values().cloned() {
        removals.entry(file).or_default().insert(removal);
    }
    let mut kept: BTreeMap<(String, String), &'static str> = BTreeMap::new();
    for (file, name) in used_elsewhere(view, &removals, &all)? {
        if let Some(of_file) = removals.get_mut(&file) {
            of_file.retain(|removal| !binds(removal, &name));
        }
        kept.insert((file, name), USED);
    }
    let mut files = BTreeMap::new();
    for (file, removals) in &removals {
        let module = suite.module(file);
        let done = module.and_then(|module| take_out(module, removals));
        if let Some(Hidden { text, kept: used }) = done {
            files.insert(file.clone(), text.into_bytes());
            kept.extend(used.into_iter().map(|name| ((file.clone(), name), USED)));
            continue;
        }
        let names = removals.iter().map(|removal| removal.name().to_owned());
        kept.extend(names.map(|name| ((file.clone(), name), UNPARSED)));
    }
    let reason = |id: &str| match Named::parse(id) {
        None if is_doctest(id) => Some(DOCTEST),
        None => Some(NOT_PYTHON),
        Some(test) => match planned.get(&test) {
            None => Some(NOT_FOUND),
            Some((file, removal)) => kept
                .get(&(file.clone(), removal.name().to_owned()))
                .copied(),
        },
    };
    let (mut hidden, mut left) = (Vec::new(), Vec::new());
    for id in instance.fail_to_pass.iter().cloned() {
        match reason(&id) {
            None => hidden.push(id),
            Some(reason) => left.push(Left { id, reason }),
        }
    }
    Ok(Hiding {
        files,
        hidden,
        left,
    })
}

/// Whether a removal takes this name out of the module itself.
fn binds(removal: &Removal, wanted: &str) -> bool {
    matches!(removal, Removal::Binding { classes, name } if classes.is_empty() && name == wanted)
}

/// Functions that are to go and that another file of the suite seems to import: it speaks of the function and of the
/// function's module, and defines none of that name itself.
fn used_elsewhere(
    view: &View,
    removals: &BTreeMap<String, BTreeSet<Removal>>,
    all: &BTreeSet<Named>,
) -> io::Result<BTreeSet<(String, String)>> {
    let mut used = BTreeSet::new();
    let files: BTreeSet<&String> = all.iter().map(|test| &test.file).collect();
    for other in files {
        let Some(Ok(text)) = view.read(other)?.map(String::from_utf8) else {
            continue;
        };
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let words: BTreeSet<&str> = text.split(|c| !is_word(c)).collect();
        for (file, removals) in removals.iter().filter(|(file, _)| *file != other) {
            let stem = Path::new(file).file_stem().and_then(|stem| stem.to_str());
            if !stem.is_some_and(|stem| words.contains(stem)) {
                continue;
            }
            for removal in removals {
                if let Removal::Binding { classes, name } = removal
                    && classes.is_empty()
                    && words.contains(name.as_str())
                    && !text.contains(&format!("def {name}"))
                {
                    used.insert((file.clone(), name.clone()));
                }
            }
        }
    }
    Ok(used)
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
