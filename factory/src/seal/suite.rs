//! Where the tests that are to be hidden are written down, inherited ones included.

use std::collections::{BTreeMap, BTreeSet};

use super::node_id::Named;
use super::python::{Class, Module};

/// The files of a test suite.
pub(crate) struct Suite {
    modules: BTreeMap<String, Module>,
    classes: BTreeMap<String, Vec<Class>>,
    /// By file and class: the names that are bound there, and whether a decorated function is what bears each.
    bound: BTreeMap<String, BTreeMap<Vec<String>, BTreeMap<String, bool>>>,
}

/// What has to be done to a file so that tests are not in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Removal {
    /// Take what binds this name in these classes out.
    Binding {
        /// The classes around it, the outermost first.
        classes: Vec<String>,
        /// The name in the source.
        name: String,
    },
    /// Make an inherited test of this class be none.
    Override {
        /// The class and those around it.
        classes: Vec<String>,
        /// The inherited test.
        name: String,
    },
}

impl Removal {
    /// The name that it is about.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Binding { name, .. } | Self::Override { name, .. } => name,
        }
    }
}

/// Where a test is written down.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Home {
    file: String,
    classes: Vec<String>,
    name: String,
}

impl Suite {
    /// A suite of these files; those that cannot be parsed are left out.
    pub(crate) fn new(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let modules: BTreeMap<String, Module> = files
            .into_iter()
            .filter_map(|(path, source)| Some((path, Module::parse(source)?)))
            .collect();
        let classes = modules
            .iter()
            .map(|(path, module)| (path.clone(), module.classes()))
            .collect();
        let bound = modules
            .iter()
            .map(|(path, module)| (path.clone(), module.names()))
            .collect();
        Self {
            modules,
            classes,
            bound,
        }
    }

    /// The file of this path.
    pub(crate) fn module(&self, file: &str) -> Option<&Module> {
        self.modules.get(file)
    }

    /// Whether a test is written down in its own class.
    pub(crate) fn holds(&self, test: &Named) -> bool {
        self.own(&test.file, &test.classes, &test.function)
            .is_some()
    }

    /// What to remove from which file for each test of `hidden`, so that they are gone and the rest of `all` is not;
    /// without those that cannot be removed.
    pub(crate) fn removals(
        &self,
        hidden: &BTreeSet<Named>,
        all: &BTreeSet<Named>,
    ) -> BTreeMap<Named, (String, Removal)> {
        let removal = |test: &Named| {
            let home = self.home(test)?;
            let is_own = home.file == test.file && home.classes == test.classes;
            let everyone_hides = || {
                let mut sharing = all
                    .iter()
                    .filter(|other| other.function.starts_with(&home.name))
                    .filter(|other| self.home(other).as_ref() == Some(&home));
                sharing.all(|other| hidden.contains(other))
            };
            if is_own || everyone_hides() {
                let (classes, name) = (home.classes, home.name);
                return Some((home.file, Removal::Binding { classes, name }));
            }
            self.class(&test.file, &test.classes)?;
            let (classes, name) = (test.classes.clone(), test.function.clone());
            Some((test.file.clone(), Removal::Override { classes, name }))
        };
        hidden
            .iter()
            .filter_map(|test| Some((test.clone(), removal(test)?)))
            .collect()
    }

    /// Where a test is written down: in its class, or in the first base that has it.
    fn home(&self, test: &Named) -> Option<Home> {
        self.search(
            &test.file,
            &test.classes,
            &test.function,
            &mut BTreeSet::new(),
        )
    }

    fn search(
        &self,
        file: &str,
        classes: &[String],
        function: &str,
        seen: &mut BTreeSet<(String, Vec<String>)>,
    ) -> Option<Home> {
        if !seen.insert((file.to_owned(), classes.to_vec())) {
            return None;
        }
        if let Some(name) = self.own(file, classes, function) {
            return Some(Home {
                file: file.to_owned(),
                classes: classes.to_vec(),
                name,
            });
        }
        let Some(class) = self.class(file, classes) else {
            // The class is one that the file imports.
            let (home, class) = self.by_name(file, classes.last()?)?;
            let path = class.path.clone();
            return self.search(home, &path, function, seen);
        };
        class.bases.iter().find_map(|base| {
            let (home, class) = self.by_name(file, base)?;
            self.search(home, &class.path, function, seen)
        })
    }

    /// The name under which a class (or the module) itself writes a test down. Decorators that make many tests of
    /// one function number them: `test_add` is `test_add_0`, `test_add_1_negative`.
    fn own(&self, file: &str, classes: &[String], function: &str) -> Option<String> {
        let names = self.bound.get(file)?.get(classes)?;
        if names.contains_key(function) {
            return Some(function.to_owned());
        }
        let numbered = |name: &str| {
            function
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('_'))
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        names
            .iter()
            .find(|(name, is_decorated)| **is_decorated && numbered(name))
            .map(|(name, _)| name.clone())
    }

    fn class(&self, file: &str, path: &[String]) -> Option<&Class> {
        self.classes
            .get(file)?
            .iter()
            .find(|class| class.path == path)
    }

    /// A class by its name: of the same file, else the only one of that name in the suite.
    fn by_name(&self, file: &str, name: &str) -> Option<(&str, &Class)> {
        let named = |class: &&Class| class.path.last().is_some_and(|last| last == name);
        if let Some((home, classes)) = self.classes.get_key_value(file)
            && let Some(class) = classes.iter().find(named)
        {
            return Some((home, class));
        }
        let mut found = self.classes.iter().flat_map(|(home, classes)| {
            classes
                .iter()
                .filter(named)
                .map(move |class| (home.as_str(), class))
        });
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }
}
