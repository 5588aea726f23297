//! The page in a real browser: it can be used, and nothing in it gets out.

use std::path::Path;

use serde_json::{Value, json};
use swemill_store::rollouts::RolloutOutcome;

use super::{HOSTILE, home, written};
use crate::support::Home;
use crate::support::attempts::Recording;
use crate::support::browser::Browser;

/// Pictures of the page are kept where this names a folder, to be looked at.
fn keep(browser: &mut Browser, name: &str) {
    if let Some(folder) = std::env::var_os("SWEMILL_TEST_PICTURES") {
        browser.picture(&Path::new(&folder).join(format!("{name}.png")));
    }
}

/// What a person sees of the list: the words beside the search, and how many attempts are shown.
const SHOWN: &str = "[document.getElementById('found').textContent, \
    document.querySelectorAll('details.trajectory:not([hidden])').length]";

/// Pixels by which the page is wider than its window.
const STICKS_OUT: &str =
    "document.documentElement.scrollWidth - document.documentElement.clientWidth";

/// Types into a field as a person would.
fn choose(browser: &mut Browser, id: &str, value: &str) -> Value {
    browser.evaluate(&format!(
        "{{ const field = document.getElementById({id:?}); field.value = {value:?}; \
         field.dispatchEvent(new Event('input', {{bubbles: true}})); }} {SHOWN}"
    ))
}

#[test]
fn the_report_is_searched_opened_and_lit_in_a_browser_and_asks_the_network_for_nothing() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let home = home();
    let folder = tempfile::tempdir().unwrap();
    let page = written(&home, folder.path(), &[]);
    browser.look(1280, 900, "light");
    browser.open(&page, "");
    browser.is_calm();
    assert_eq!(browser.evaluate(SHOWN), json!(["3 of 3", 3]));
    keep(&mut browser, "report-desktop-light");

    assert_eq!(
        choose(&mut browser, "words", "LEDGER total"),
        json!(["1 of 3", 1])
    );
    assert_eq!(
        choose(&mut browser, "words", "no such word"),
        json!(["0 of 3", 0])
    );
    assert_eq!(choose(&mut browser, "words", ""), json!(["3 of 3", 3]));
    assert_eq!(
        choose(&mut browser, "outcome", "unresolved"),
        json!(["1 of 3", 1])
    );
    assert_eq!(
        choose(&mut browser, "model", "expert"),
        json!(["0 of 3", 0])
    );
    assert_eq!(choose(&mut browser, "outcome", ""), json!(["1 of 3", 1]));
    choose(&mut browser, "model", "");

    // A trajectory opens; its steps and its patch are told.
    let opened =
        "(() => { const one = document.querySelector('details.trajectory'); one.open = true; one.scrollIntoView();
        one.querySelectorAll('details').forEach((part) => part.open = true);
        const seen = (part) => part !== null && part.getBoundingClientRect().height > 0;
        return ['.thought', 'pre.action', 'pre.output', '.patch .added', '.patch .removed'].map(
            (part) => seen(one.querySelector(part))); })()";
    assert_eq!(
        browser.evaluate(opened),
        json!([true, true, true, true, true])
    );
    keep(&mut browser, "report-desktop-open");

    // Lines are drawn, within their boxes.
    let drawn = "[...document.querySelectorAll('#curves svg')].every((chart) => {
        const lines = [...chart.querySelectorAll('path:not(.grid)')].map((line) => line.getBBox());
        return lines.length === 4 && lines.every((box) => box.width > 0 && box.x >= 0 && box.x + box.width <= 421); })";
    assert_eq!(browser.evaluate(drawn), true);

    let paper = "getComputedStyle(document.body).backgroundColor";
    let light = browser.evaluate(paper);
    browser.evaluate("document.getElementById('theme').click()");
    assert_ne!(browser.evaluate(paper), light);
    browser.look(1280, 900, "dark");
    browser.open(&page, "#ledger");
    assert_eq!(browser.evaluate(SHOWN), json!(["1 of 3", 1]));
    assert_ne!(browser.evaluate(paper), light);
    keep(&mut browser, "report-desktop-dark");

    for scheme in ["light", "dark"] {
        browser.look(390, 844, scheme);
        browser.open(&page, "");
        assert_eq!(
            browser.evaluate(STICKS_OUT),
            0,
            "the page is wider than a phone"
        );
        keep(&mut browser, &format!("report-phone-{scheme}"));
    }
    browser.is_calm();
}

#[test]
fn a_hostile_trajectory_is_text_in_a_browser_and_keeps_its_place() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let home = Home::new();
    home.record(&[Recording {
        command: HOSTILE,
        added: HOSTILE,
        // Megabytes without a space, escapes of terminals, what is not quite Unicode, writing that is turned around.
        output: format!(
            "{HOSTILE}\u{1b}[31mred\u{1b}[2J \u{202e}turned \u{fffd}\u{fffe}\u{feff}{}\u{0}{}",
            "\u{301}".repeat(400),
            "x".repeat(3_000_000)
        ),
        outcome: Some(RolloutOutcome::Unresolved),
        ..Recording::resolved("shop")
    }]);
    let folder = tempfile::tempdir().unwrap();
    let page = written(&home, folder.path(), &[]);
    assert!(std::fs::metadata(&page).unwrap().len() < 1_000_000);
    for (width, scheme) in [(1280, "light"), (390, "dark")] {
        browser.look(width, 900, scheme);
        browser.open(&page, "");
        browser
            .evaluate("document.querySelectorAll('details').forEach((part) => part.open = true)");
        browser.is_calm();
        assert_eq!(browser.evaluate("document.title"), "Rollouts");
        let made = "document.querySelectorAll('img, a, iframe, main script, [onerror]').length";
        assert_eq!(browser.evaluate(made), 0);
        let text = browser.evaluate("document.querySelector('pre.output').textContent");
        let text = text.as_str().unwrap();
        for shown in [
            "</script><script>",
            "\\u{1b}[31mred",
            "\\u{202e}turned",
            "more characters",
        ] {
            assert!(text.contains(shown), "{shown} in {text}");
        }
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{0}']));
        assert_eq!(browser.evaluate(STICKS_OUT), 0, "something sticks out");
        browser.evaluate("document.querySelector('details.trajectory').scrollIntoView()");
        keep(&mut browser, &format!("hostile-{width}-{scheme}"));
    }
}
