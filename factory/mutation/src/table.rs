//! The page of strategies, written from the registry and the fixtures.

use std::fmt::Write as _;

use crate::operators::{all, family};

const HEAD: &str = "# Strategies

How `swemill` breaks code without a language model. `--strategies` takes names (with or without `func_pm_`),
families, beginnings (`op_*`) and `all`, and takes out what has a `-` in front: `--strategies all,-literal`.
The first thirteen are SWE-smith's, under its names; every place where an operator fits is named first, then the
seed chooses, taking strategies, files and functions in turn.

Two thresholds of SWE-smith differ here: an operator on binary operators, `if`, assignments, loops, `try` and
`with` works in functions of any complexity (there: at least 3 or 5), and losing a base or a method in classes of
any (there: at least 10). `func_pm_ctrl_shuffle` asks for a loop or a complexity of 3, and exchanges no
statement with one that binds what it reads.

Left alone: type annotations, docstrings, `if TYPE_CHECKING:`, `if __name__ == \"__main__\":`, `__all__` and
version strings, `__future__` imports; and tests, documentation, examples, vendored and generated files.

This page is written by `SWEMILL_BLESS=1 cargo test -p swemill-mutation --test table`.

| strategy | family | what it does | example |
| --- | --- | --- | --- |
";

/// The page; `fixture` gives the diffs of a strategy's fixture, of which the first is the example.
pub fn render(fixture: impl Fn(&str) -> String) -> String {
    let mut page = HEAD.to_owned();
    for operator in all() {
        let name = operator.name();
        let example = example(&fixture(name));
        let summary = cell(operator.summary());
        writeln!(
            page,
            "| `{name}` | {} | {summary} | {example} |",
            family(name)
        )
        .expect("writing to a string cannot fail");
    }
    page
}

/// The first lines that go and come in the first diff: `` `old` → `new` ``.
fn example(diffs: &str) -> String {
    let first = diffs
        .lines()
        .skip(3)
        .take_while(|line| !line.starts_with("diff --git "));
    let lines: Vec<&str> = first.collect();
    let side = |mark: char| {
        let text: Vec<&str> = lines
            .iter()
            .filter_map(|line| line.strip_prefix(mark))
            .map(str::trim)
            .collect();
        match text[..] {
            [] => "nothing".to_owned(),
            [only] => format!("`{}`", cell(only)),
            [first, ..] => format!("`{} …`", cell(first)),
        }
    };
    let (old, new) = (side('-'), side('+'));
    if old == new {
        // Only its place changes, or its indentation.
        format!("{old} moves")
    } else {
        format!("{old} → {new}")
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
