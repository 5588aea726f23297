use super::*;

const FILE: &str = "\
import os

LIMIT = 3

def first(a, b=1):
    \"\"\"Text.\"\"\"
    total = a
    for n in range(b):
        if n % 2:
            total += n
        else:
            continue
    return total


class Thing:
    size = 1

    def grow(
        self,
        by,
    ):
        def inner(x):
            return x + by
        self.size = max(
            self.size,
            inner(by),
        )
        try:
            return self.size
        except ValueError:
            pass
";

/// The lines touched when the given text is exchanged for another.
fn exchange(old: &str, new: &str) -> Touched {
    assert_eq!(FILE.matches(old).count(), 1, "{old:?} has to stand once");
    touched(FILE, &FILE.replace(old, new))
}

fn lines(ranges: &[(u32, u32)]) -> Touched {
    Touched::Lines {
        lines: ranges.iter().map(|(first, last)| *first..=*last).collect(),
        defaults: false,
    }
}

#[test]
fn a_changed_statement_is_its_lines() {
    assert_eq!(exchange("total += n\n", "total -= n\n"), lines(&[(10, 10)]));
    assert_eq!(
        exchange("return total\n", "return -total\n"),
        lines(&[(13, 13)])
    );
}

#[test]
fn a_statement_of_several_lines_is_all_of_them() {
    assert_eq!(
        exchange("            inner(by),\n", "            inner(-by),\n"),
        lines(&[(25, 28)])
    );
}

#[test]
fn the_head_of_a_loop_or_branch_is_the_whole_of_it() {
    assert_eq!(exchange("if n % 2:", "if n % 3:"), lines(&[(9, 12)]));
    assert_eq!(exchange("range(b)", "range(b + 1)"), lines(&[(8, 12)]));
}

#[test]
fn the_catch_of_an_exception_is_the_whole_try() {
    assert_eq!(
        exchange("except ValueError:", "except TypeError:"),
        lines(&[(29, 32)])
    );
}

#[test]
fn what_leaves_no_trace_is_told_by_what_stands_around_it() {
    assert_eq!(
        exchange("            continue\n", "            total += 2\n"),
        lines(&[(9, 12)])
    );
}

#[test]
fn an_insertion_is_told_by_its_neighbours() {
    assert_eq!(
        exchange("    total = a\n", "    total = a\n    total += 1\n"),
        lines(&[(7, 7), (8, 12)])
    );
}

#[test]
fn an_insertion_at_the_beginning_of_a_body_is_told_by_the_first_statement() {
    let changed = FILE.replace(
        "        def inner(x):",
        "        return None\n        def inner(x):",
    );
    assert_eq!(touched(FILE, &changed), lines(&[(23, 24)]));
}

#[test]
fn a_deletion_is_told_by_the_lines_that_go() {
    assert_eq!(exchange("    return total\n", ""), lines(&[(13, 13)]));
}

#[test]
fn another_set_of_local_names_changes_the_whole_function() {
    assert_eq!(
        exchange("            total += n\n", "            LIMIT = n\n"),
        lines(&[(6, 13)])
    );
    assert_eq!(
        exchange("return total\n", "yield total\n"),
        lines(&[(6, 13)])
    );
}

#[test]
fn what_importing_executes_changes_everything() {
    for (old, new) in [
        ("LIMIT = 3", "LIMIT = 4"),
        ("size = 1", "size = 2"),
        ("b=1", "b=[]"),
        ("b=1", "c=1"),
        ("b=1):", "b=1, *c):"),
        ("def first(a, b=1):", "async def first(a, b=2):"),
        ("        by,\n    ):", "        by=1,\n    ):"),
        ("class Thing:", "class Thing(int):"),
        ("\"\"\"Text.\"\"\"", "\"\"\"Tent.\"\"\""),
    ] {
        assert!(
            matches!(exchange(old, new), Touched::Everything(_)),
            "{old:?} -> {new:?}"
        );
    }
}

#[test]
fn another_default_is_the_functions_body_and_whoever_looks_at_defaults() {
    for new in ["2", "None", "-1.5", "'text'"] {
        let touched = exchange("b=1", &format!("b={new}"));
        let Touched::Lines { lines, defaults } = touched else {
            panic!("{touched:?}");
        };
        assert_eq!((lines, defaults), (vec![6..=13], true), "{new}");
    }
    // Of a function inside of another, it is evaluated when that is executed.
    let file = "def outer():\n    def inner(x=1):\n        return x\n    return inner\n";
    assert_eq!(touched(file, &file.replace("x=1", "x=2")), lines(&[(2, 3)]));
    for (old, new) in [("print()", "None"), ("2", "-None"), ("2", "[]")] {
        let file = format!("def made(x={old}):\n    return x\n");
        let touched = touched(&file, &file.replace(old, new));
        assert!(matches!(touched, Touched::Everything(_)), "{old} -> {new}");
    }
}

#[test]
fn a_comment_beside_a_statement_tells_nothing() {
    let file = "def outer():\n    def inner(x):\n        # Why.\n        return x  # type: ignore\n    return inner\n";
    assert_eq!(
        touched(file, &file.replace("return x ", "return -x ")),
        lines(&[(4, 4)])
    );
    let file = "def outer(x):\n    y = x\n    # Why.\n    return y\n";
    assert_eq!(
        touched(file, &file.replace("# Why.\n", "# Why.\n    y += 1\n")),
        lines(&[(4, 4)])
    );
}

#[test]
fn a_removed_function_changes_everything() {
    let removed = FILE.replace("        def inner(x):\n            return x + by\n", "");
    // A function inside of another is a statement of that.
    assert_eq!(touched(FILE, &removed), lines(&[(23, 32)]));
    let start = FILE.find("    def grow(").unwrap();
    assert!(matches!(
        touched(FILE, &FILE[..start]),
        Touched::Everything(_)
    ));
}

#[test]
fn several_places_are_told_together() {
    let changed = FILE
        .replace("total = a", "total = -a")
        .replace("x + by", "x - by");
    assert_eq!(touched(FILE, &changed), lines(&[(7, 7), (24, 24)]));
}

#[test]
fn what_moves_into_another_block_changes_the_whole_function() {
    // Whoever leaves the loop by an exception does not come to line 13, and yet would notice.
    assert_eq!(
        exchange("    return total\n", "        return total\n"),
        lines(&[(6, 13)])
    );
    // Behind a block: told by the statement that follows in the block around, and by nothing where none does.
    assert_eq!(
        exchange(
            "            continue\n",
            "            continue\n    print(a)\n"
        ),
        lines(&[(8, 12), (13, 13)])
    );
    assert_eq!(
        exchange(
            "            pass\n",
            "            pass\n        print(by)\n"
        ),
        lines(&[(23, 32)])
    );
}
