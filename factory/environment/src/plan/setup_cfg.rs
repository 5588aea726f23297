//! `setup.cfg` as setuptools reads it.

use std::path::Path;

use super::{Plan, Purpose, Wanted, ini, pyproject, text_of};

pub(super) fn read(tree: &Path, plan: &mut Plan) {
    let Some(text) = text_of(tree, Path::new("setup.cfg")) else {
        return;
    };
    let sections = match ini::parse(&text) {
        Ok(sections) => sections,
        Err(error) => {
            plan.notes
                .push(format!("setup.cfg cannot be read: {error}"));
            return;
        }
    };
    if let Some(metadata) = sections.get("metadata") {
        if plan.distribution.is_none() {
            plan.distribution = metadata.get("name").map(|name| name.trim().to_owned());
        }
        let classifiers = metadata
            .get("classifiers")
            .or_else(|| metadata.get("classifier"));
        pyproject::read_classifiers(&ini::lines(classifiers), plan);
    }
    if let Some(options) = sections.get("options") {
        if let Some(specifiers) = options.get("python_requires") {
            plan.requires_python.push(specifiers.trim().to_owned());
        }
        plan.dependencies
            .extend(ini::lines(options.get("install_requires")));
        let requirements = ini::lines(options.get("tests_require"));
        if !requirements.is_empty() {
            plan.wanted.push(Wanted {
                origin: "setup.cfg [options] tests_require".into(),
                purpose: Purpose::Tests,
                requirements,
            });
        }
    }
    if let Some(extras) = sections.get("options.extras_require") {
        for (name, value) in extras {
            // `name: marker` keys condition an extra; the backend knows how to read them.
            if !name.contains(':') && !name.is_empty() {
                plan.extras.insert(name.clone(), ini::lines(Some(value)));
            }
        }
    }
}
