//! Licences, as packages state them.

use swemill_source::licence::detect;

use crate::support::write;

fn found(files: &[(&str, &str)]) -> (Option<String>, Option<String>) {
    let tree = tempfile::tempdir().unwrap();
    write(tree.path(), files);
    let licence = detect(tree.path());
    (licence.expression, licence.found_in)
}

fn expression(files: &[(&str, &str)]) -> Option<String> {
    found(files).0
}

fn info(lines: &str) -> String {
    format!("Metadata-Version: 2.4\nName: x\nVersion: 1\n{lines}\n\nbody\n")
}

fn text_of(id: &str) -> &'static str {
    spdx::license_id(id).unwrap().text()
}

#[test]
fn the_declared_expression_counts_before_all_else() {
    let lines = "License: BSD\nLicense-Expression: MIT OR Apache-2.0\nClassifier: License :: OSI Approved :: MIT License";
    let expected = (
        Some("MIT OR Apache-2.0".to_owned()),
        Some("PKG-INFO License-Expression".to_owned()),
    );
    assert_eq!(
        found(&[("PKG-INFO", &info(lines)), ("LICENSE", text_of("ISC"))]),
        expected
    );
    let project = "[project]\nname = \"x\"\nlicense = \"Apache-2.0\"\n";
    assert_eq!(
        expression(&[("pyproject.toml", project)]).as_deref(),
        Some("Apache-2.0")
    );
}

#[test]
fn a_classifier_counts_where_it_names_one_licence() {
    let mit = info("Classifier: License :: OSI Approved :: MIT License");
    assert_eq!(expression(&[("PKG-INFO", &mit)]).as_deref(), Some("MIT"));
    let both = info(
        "Classifier: License :: OSI Approved :: MIT License\nClassifier: License :: OSI Approved :: ISC License (ISCL)",
    );
    assert_eq!(
        expression(&[("PKG-INFO", &both)]).as_deref(),
        Some("ISC AND MIT")
    );
    let vague = info("Classifier: License :: OSI Approved :: BSD License");
    assert_eq!(expression(&[("PKG-INFO", &vague)]), None);
    let vague_with_text = [
        ("PKG-INFO", vague.as_str()),
        ("LICENSE.txt", text_of("BSD-3-Clause")),
    ];
    assert_eq!(
        found(&vague_with_text),
        (
            Some("BSD-3-Clause".to_owned()),
            Some("LICENSE.txt".to_owned())
        )
    );
}

#[test]
fn licence_fields_as_people_write_them_are_understood() {
    for (written, expected) in [
        ("MIT License", Some("MIT")),
        ("The MIT License (MIT)", Some("MIT")),
        ("Apache License, Version 2.0", Some("Apache-2.0")),
        ("Apache 2.0", Some("Apache-2.0")),
        ("BSD 3-Clause", Some("BSD-3-Clause")),
        ("New BSD License", Some("BSD-3-Clause")),
        ("GPLv3+", Some("GPL-3.0-or-later")),
        ("proprietary", None),
        ("UNKNOWN", None),
    ] {
        let lines = info(&format!("License: {written}"));
        assert_eq!(
            expression(&[("PKG-INFO", &lines)]).as_deref(),
            expected,
            "{written}"
        );
    }
}

#[test]
fn texts_of_common_licences_are_recognised() {
    for id in [
        "MIT",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "Apache-2.0",
        "ISC",
        "MPL-2.0",
        "Unlicense",
        "0BSD",
        "Zlib",
        "CC0-1.0",
    ] {
        assert_eq!(expression(&[("COPYING", text_of(id))]).as_deref(), Some(id));
    }
    for id in [
        "GPL-2.0-only",
        "GPL-3.0-only",
        "LGPL-3.0-only",
        "AGPL-3.0-only",
    ] {
        assert_eq!(
            expression(&[("LICENSE.md", text_of(id))]).as_deref(),
            Some(id)
        );
    }
}

#[test]
fn a_text_with_its_holder_filled_in_is_still_recognised() {
    let mit = text_of("MIT").replace("<year>", "2011-2024").replace(
        "<copyright holders>",
        "The Somebody Foundation and contributors",
    );
    assert_eq!(expression(&[("LICENCE.rst", &mit)]).as_deref(), Some("MIT"));
}

#[test]
fn two_texts_hold_at_once_and_an_unknown_one_says_nothing() {
    let both = [
        ("LICENSE.APACHE", text_of("Apache-2.0")),
        ("LICENSE.BSD", text_of("BSD-2-Clause")),
    ];
    assert_eq!(
        expression(&both).as_deref(),
        Some("Apache-2.0 AND BSD-2-Clause")
    );
    assert_eq!(
        expression(&[(
            "LICENSE",
            "All rights reserved. You may look, and not touch."
        )]),
        None
    );
    assert_eq!(expression(&[("a.py", "")]), None);
}
