//! The deterministic writer: a few ways in which people report a failure.

use std::fmt::Write as _;

use super::leak::leaks;
use super::{Evidence, Failure, Statement, Writer};

/// Draws a style by seed and fills it from the evidence. A part that would show a changed line is left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Styles;

type Style = (&'static str, fn(&Evidence, &Shown) -> String);

const STYLES: &[Style] = &[
    ("report", report),
    ("reproduction", reproduction),
    ("regression", regression),
    ("brief", brief),
];

/// The longest message that is quoted, in characters.
const LONGEST_MESSAGE: usize = 1_500;

/// The parts of the evidence that may be shown.
struct Shown {
    /// What the failing test is about, in words.
    subject: String,
    /// The reproduction, as code.
    code: Option<String>,
    /// The exception and its message.
    message: Option<String>,
    /// The exception's name.
    exception: String,
}

impl Writer for Styles {
    fn write(&self, evidence: &Evidence) -> Statement {
        let shown = Shown::of(evidence);
        let count = STYLES.len() as u64;
        let drawn = usize::try_from(evidence.seed % count).expect("there are few styles");
        let (style, render) = STYLES[drawn];
        let text = render(evidence, &shown);
        Statement { style, text }
    }
}

impl Shown {
    /// Takes the failure that explains itself best: one with a source and a message, short before long.
    fn of(evidence: &Evidence) -> Self {
        let hidden = |text: &str| leaks(text, &evidence.patch);
        let code = |failure: &Failure| {
            failure
                .source
                .clone()
                .filter(|source| !hidden(source))
                .map(|source| with_parameters(&source, &failure.node_id))
        };
        let best = evidence.failures.iter().min_by_key(|failure| {
            let length = failure.source.as_ref().map_or(usize::MAX, String::len);
            (code(failure).is_none(), failure.message.is_empty(), length)
        });
        let Some(best) = best else {
            return Self {
                subject: "a basic use".to_owned(),
                code: None,
                message: None,
                exception: "an error".to_owned(),
            };
        };
        let message = Some(clipped(best.message.trim()))
            .filter(|message| !message.is_empty() && !hidden(message));
        Self {
            subject: subject(&best.node_id),
            code: code(best),
            exception: exception(&best.message),
            message,
        }
    }

    /// What goes wrong, in half a sentence.
    fn symptom(&self) -> String {
        match self.exception.as_str() {
            "AssertionError" => "gives a wrong result".to_owned(),
            "Failed" => "does not behave as documented".to_owned(),
            exception if exception.starts_with(char::is_uppercase) => {
                format!("raises `{exception}`")
            }
            _ => "fails".to_owned(),
        }
    }
}

fn report(evidence: &Evidence, shown: &Shown) -> String {
    let mut text = format!(
        "# {} {}: {}\n\n## Description\n\nWith the current version of {}, {} {}.{}\n",
        evidence.project,
        shown.symptom(),
        shown.subject,
        evidence.project,
        shown.subject,
        shown.symptom(),
        others(evidence),
    );
    if let Some(code) = &shown.code {
        let _ = write!(text, "\n## Steps to reproduce\n\n```python\n{code}\n```\n");
    }
    text.push_str("\n## Expected\n\nThe code runs through without an error.\n");
    if let Some(message) = &shown.message {
        let _ = write!(text, "\n## Actual\n\n```\n{message}\n```\n");
    }
    text
}

fn reproduction(evidence: &Evidence, shown: &Shown) -> String {
    let mut text = format!(
        "{} {} ({})\n",
        evidence.project,
        shown.symptom(),
        shown.subject
    );
    match &shown.code {
        Some(code) => {
            let _ = write!(
                text,
                "\nThis used to work and does not any more:\n\n```python\n{code}\n```\n"
            );
        }
        None => {
            let _ = write!(
                text,
                "\nThe case is: {}. It used to work and does not any more.\n",
                shown.subject
            );
        }
    }
    if let Some(message) = &shown.message {
        let _ = write!(text, "\nWhat I get:\n\n```\n{message}\n```\n");
    }
    match others(evidence).trim_start() {
        "" => text,
        others => format!("{text}\n{others}\n"),
    }
}

fn regression(evidence: &Evidence, shown: &Shown) -> String {
    let mut text = format!(
        "# Regression: {}\n\nAfter updating {}, {} {}; before, it was fine.{}\n",
        shown.subject,
        evidence.project,
        shown.subject,
        shown.symptom(),
        others(evidence),
    );
    if let Some(message) = &shown.message {
        let _ = write!(text, "\nThe error:\n\n```\n{message}\n```\n");
    }
    if let Some(code) = &shown.code {
        let _ = write!(text, "\nA minimal case:\n\n```python\n{code}\n```\n");
    }
    text
}

fn brief(evidence: &Evidence, shown: &Shown) -> String {
    let mut text = format!(
        "In {}, {} {}.{}\n",
        evidence.project,
        shown.subject,
        shown.symptom(),
        others(evidence)
    );
    if let Some(code) = &shown.code {
        let _ = write!(text, "\n```python\n{code}\n```\n");
    } else if let Some(message) = &shown.message {
        let _ = write!(text, "\n```\n{message}\n```\n");
    }
    text
}

/// A sentence on how far it reaches, where it reaches further.
fn others(evidence: &Evidence) -> String {
    match evidence.failing.saturating_sub(1) {
        0 => String::new(),
        1..=3 => " A closely related case is affected too.".to_owned(),
        4..=20 => " Several related cases are affected too.".to_owned(),
        _ => " Many other cases are affected too, so it is likely something that they share."
            .to_owned(),
    }
}

/// `tests/test_parser.py::TestSplit::test_empty_string[x]` → "split: empty string";
/// `tests/test_parser.py::test_empty_string` → "parser: empty string".
fn subject(node_id: &str) -> String {
    let path = node_id.split('[').next().unwrap_or(node_id);
    let mut names = path.split("::");
    let file = names.next().unwrap_or_default();
    let stem = file.rsplit('/').next().unwrap_or(file);
    let file = words(stem.split('.').next().unwrap_or(stem));
    let names: Vec<String> = names.map(words).filter(|words| !words.is_empty()).collect();
    match names.as_slice() {
        [] if file.is_empty() => "a basic use".to_owned(),
        [] => format!("the case “{file}”"),
        [test] if file.is_empty() || file == *test => format!("the case “{test}”"),
        [test] => format!("the case “{file}: {test}”"),
        [class, .., test] => format!("the case “{class}: {test}”"),
    }
}

/// `test_empty_string`, `TestEmptyString` → "empty string".
fn words(name: &str) -> String {
    let mut spaced = String::new();
    let mut previous = '_';
    for character in name.chars() {
        if character.is_uppercase() && previous.is_lowercase() {
            spaced.push(' ');
        }
        spaced.push(if character == '_' { ' ' } else { character });
        previous = character;
    }
    let lowered = spaced.to_lowercase();
    let kept = lowered
        .split_whitespace()
        .filter(|word| !matches!(*word, "test" | "tests" | "testcase"));
    kept.collect::<Vec<_>>().join(" ")
}

/// The name of the exception that a message starts with.
fn exception(message: &str) -> String {
    let first = message.trim_start().lines().next().unwrap_or_default();
    let head = first.split(':').next().unwrap_or_default().trim();
    let name = head.rsplit('.').next().unwrap_or_default();
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    match (plain, first.starts_with("assert ")) {
        (_, true) => "AssertionError".to_owned(),
        (true, false) => name.to_owned(),
        (false, false) => "an error".to_owned(),
    }
}

/// Says which parameters a parametrised test was called with, as its id does.
fn with_parameters(source: &str, node_id: &str) -> String {
    match node_id.split_once('[') {
        Some((_, parameters)) if parameters.len() < 120 && !parameters.contains('\n') => {
            format!(
                "# with the parameters {}\n{source}",
                parameters.trim_end_matches(']')
            )
        }
        _ => source.to_owned(),
    }
}

fn clipped(message: &str) -> String {
    if message.chars().count() <= LONGEST_MESSAGE {
        return message.to_owned();
    }
    let kept: String = message.chars().take(LONGEST_MESSAGE).collect();
    format!("{kept}\n[…]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(seed: u64) -> Evidence {
        Evidence {
            project: "sums".to_owned(),
            failures: vec![Failure {
                node_id: "tests/test_add.py::TestAdd::test_two_numbers[1-2]".to_owned(),
                message: "AssertionError: assert 3 == -1".to_owned(),
                source: Some(
                    "def test_two_numbers(self, a, b):\n    assert add(a, b) == 3".to_owned(),
                ),
            }],
            failing: 1,
            patch: "-    return a + b\n+    return a - b\n".to_owned(),
            seed,
        }
    }

    #[test]
    fn every_style_names_the_failing_behaviour_and_how_to_see_it() {
        for seed in 0..4 {
            let statement = Styles.write(&evidence(seed));
            assert!(
                statement.text.contains("gives a wrong result"),
                "{}",
                statement.text
            );
            assert!(
                statement.text.contains("assert add(a, b) == 3"),
                "{}",
                statement.text
            );
            assert!(
                statement.text.contains("add: two numbers"),
                "{}",
                statement.text
            );
        }
    }

    #[test]
    fn the_subject_comes_from_the_names_of_the_test() {
        assert_eq!(
            subject("t/test_parser.py::TestSplit::test_empty_string[x::y]"),
            "the case “split: empty string”"
        );
        assert_eq!(
            subject("t/test_parser.py::test_empty_string"),
            "the case “parser: empty string”"
        );
        assert_eq!(subject("README.md"), "the case “readme”");
    }

    #[test]
    fn the_seed_decides_the_style_and_nothing_else_does() {
        let styles: std::collections::BTreeSet<_> = (0..4)
            .map(|seed| Styles.write(&evidence(seed)).style)
            .collect();
        assert_eq!(styles.len(), 4);
        assert_eq!(Styles.write(&evidence(9)), Styles.write(&evidence(9)));
    }

    #[test]
    fn a_part_that_shows_the_edit_is_left_out() {
        for seed in 0..4 {
            let mut evidence = evidence(seed);
            evidence.failures[0].message = ">  return a - b\nTypeError".to_owned();
            let text = Styles.write(&evidence).text;
            assert!(!text.contains("a - b"), "{text}");
        }
    }
}
