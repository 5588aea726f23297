//! docs/STRATEGIES.md is made from the code: `SWEMILL_BLESS=1 cargo test -p swemill-mutation --test table`
//! writes it.

use std::fs;
use std::path::Path;

use swemill_mutation::table;

#[test]
fn the_page_of_strategies_says_what_the_code_does() {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = crate_folder.join("../../docs/STRATEGIES.md");
    let fixture = |strategy: &str| {
        fs::read_to_string(
            crate_folder
                .join("fixtures")
                .join(strategy)
                .join("after.diff"),
        )
        .unwrap_or_default()
    };
    let expected = table::render(fixture);
    if std::env::var_os("SWEMILL_BLESS").is_some() {
        fs::write(&page, &expected).unwrap();
    }
    assert_eq!(fs::read_to_string(&page).unwrap_or_default(), expected);
}

#[test]
fn every_row_has_an_example() {
    let diff = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-    a | b\n+    a + b\n";
    let text = table::render(|_| diff.to_owned());
    let rows: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("| `func_pm_"))
        .collect();
    assert_eq!(rows.len(), swemill_mutation::operators::all().len());
    assert!(rows[0].contains(r"`a \| b` → `a + b`"), "{}", rows[0]);
}
