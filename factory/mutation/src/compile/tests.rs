use std::process::Command;

use crate::grammar::parser;

fn refusal(source: &str) -> Option<&'static str> {
    let tree = parser().parse(source, None).unwrap();
    if tree.root_node().has_error() {
        return Some("syntax");
    }
    super::check_file(tree.root_node(), source).err()
}

#[test]
fn what_python_refuses_is_refused() {
    for source in include_str!("../../tests/data/refused.py.txt").split("\n---\n") {
        assert!(refusal(source).is_some(), "accepted:\n{source}");
    }
}

#[test]
fn what_python_compiles_is_accepted() {
    for source in include_str!("../../tests/data/accepted.py.txt").split("\n---\n") {
        assert_eq!(refusal(source), None, "refused:\n{source}");
    }
}

/// One file in so many of the standard library; `SWEMILL_EVERY=1` looks at all.
const EVERY: &str = "12";

/// A refused file loses every site in it, so real code, and CPython's own tests of its compiler, must pass.
#[test]
fn no_file_of_the_standard_library_that_python_compiles_is_refused() {
    let script = "import os, sys, warnings\n\
        warnings.simplefilter('ignore')\n\
        found = sorted(os.path.join(folder, name)\n\
        \x20   for folder, _, names in os.walk(os.path.dirname(os.__file__)) if 'site-packages' not in folder\n\
        \x20   for name in names if name.endswith('.py'))\n\
        for path in found[::int(sys.argv[1])]:\n\
        \x20   try:\n\
        \x20       compile(open(path, encoding='utf-8').read(), path, 'exec', dont_inherit=True)\n\
        \x20   except (SyntaxError, UnicodeError, ValueError, RecursionError):\n\
        \x20       continue\n\
        \x20   print(path)\n";
    let every = std::env::var("SWEMILL_EVERY").unwrap_or_else(|_| EVERY.to_owned());
    let output = Command::new("python3")
        .args(["-c", script, &every])
        .output()
        .expect("these tests need python3");
    let listed = String::from_utf8(output.stdout).unwrap();
    let mut refused = Vec::new();
    for path in listed.lines() {
        let source = std::fs::read_to_string(path).unwrap();
        // What tree-sitter cannot read is for its authors.
        if let Some(reason) = refusal(&source).filter(|reason| *reason != "syntax") {
            refused.push(format!("{path}: {reason}"));
        }
    }
    assert!(listed.lines().count() > 20, "no library to look at");
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}
