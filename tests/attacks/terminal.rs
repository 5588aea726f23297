//! Words of tested code that reach somebody's terminal, or the store.

use std::fs;

use crate::ledger::{Factory, REQUEST};

/// Clears the screen, sets the title, asks the terminal to answer, turns the line around, and ends the text early.
const WORDS: &str = "\\x1b[2J\\x1b]0;owned\\x07\\x1b[6n\\x9b31m\\u202egnp\\x00after";

#[test]
fn what_tests_print_never_steers_the_terminal() {
    let factory = Factory::new();
    for suite in ["test_amounts.py", "test_entries.py"] {
        let text = format!(
            "import sys\n\n\ndef test_one():\n    print(\"{WORDS}\")\n    raise ValueError(\"{WORDS}\")\n"
        );
        fs::write(factory.place().join("tests").join(suite), text).unwrap();
    }
    let said = factory
        .home
        .run(&[&["run", &factory.repository()], REQUEST].concat());
    assert_eq!(said.code, Some(1), "{}", said.text());
    let status = factory.home.succeed(&["status"]);
    for text in [said.text(), status.text()] {
        assert!(text.contains("owned"), "the reason is told: {text}");
        let steers = |character: char| {
            character == '\u{202e}' || (character.is_control() && !matches!(character, '\n' | '\t'))
        };
        let found: Vec<char> = text
            .chars()
            .filter(|character| steers(*character))
            .collect();
        assert!(found.is_empty(), "{found:?} in {text}");
    }
    factory.leaves_nothing();
}
