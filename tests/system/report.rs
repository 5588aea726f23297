//! The page about rollouts, with text in it that wants out.

mod browser;

use std::path::{Path, PathBuf};

use swemill_store::rollouts::{RolloutOutcome, RolloutPolicy};

use crate::support::Home;
use crate::support::attempts::Recording;

const HOSTILE: &str = "</pre></details></script><script>document.title='pwned'</script>\
    <img src=x onerror=\"document.title='pwned'\"><a href=\"javascript:alert(1)\">&amp;{{ 7 * 7 }}\u{202e}";

fn written(home: &Home, folder: &Path, flags: &[&str]) -> PathBuf {
    let path = folder.join("report.html");
    let mut arguments = vec!["rollouts", "report", "--out", path.to_str().unwrap()];
    arguments.extend(flags);
    home.succeed(&arguments);
    path
}

/// A model's two attempts at one instance, of which one resolves it, and an expert's at another.
fn home() -> Home {
    let home = Home::new();
    let resolved = Recording::resolved("shop");
    home.record(&[
        Recording {
            command: HOSTILE,
            output: HOSTILE.repeat(3),
            added: HOSTILE,
            ..resolved.clone()
        },
        Recording {
            attempt: 2,
            outcome: Some(RolloutOutcome::Unresolved),
            ..resolved
        },
        Recording {
            policy: RolloutPolicy::Expert,
            output: "x".repeat(50_000),
            ..Recording::resolved("ledger")
        },
    ]);
    home
}

#[test]
fn a_report_has_every_attempt_and_lets_no_text_become_markup() {
    let home = home();
    let folder = tempfile::tempdir().unwrap();
    let page = std::fs::read_to_string(written(&home, folder.path(), &[])).unwrap();
    assert_eq!(page.matches("<details class=\"trajectory\"").count(), 3);
    assert_eq!(page.matches("<script").count(), 1, "only the page's own");
    assert!(!page.contains("<img") && !page.contains("<a href"));
    assert!(page.contains("&lt;script&gt;document.title"));
    for part in [
        "pass@1 <b>50.0 %</b>",
        "pass@2 <b>100.0 %</b>",
        "policy=expert",
        "[… 30000 more characters]",
    ] {
        assert!(page.contains(part), "{part}");
    }
    for outside in ["http://", "https://", "src=\"", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    // Fewer trajectories on the page do not change what is counted.
    let fewer = written(&home, folder.path(), &["--trajectories", "1", "--resolved"]);
    let fewer = std::fs::read_to_string(fewer).unwrap();
    assert_eq!(fewer.matches("<details class=\"trajectory\"").count(), 1);
    assert!(fewer.contains("1 more trajectories are not on this page"));
    assert!(fewer.contains("pass@1 <b>50.0 %</b>"));
}

#[test]
fn a_report_about_nothing_says_so() {
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    let page = std::fs::read_to_string(written(&home, folder.path(), &[])).unwrap();
    assert!(page.contains("No rollouts.") && page.contains("No trajectories."));
    let said = home.run(&["rollouts", "report", "--out", "/nonexistent/report.html"]);
    assert_eq!(said.code, Some(3), "{}", said.text());
    assert!(
        said.stderr.contains("/nonexistent/report.html"),
        "{}",
        said.text()
    );
}
