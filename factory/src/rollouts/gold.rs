//! What an expert knows of an instance.

use swemill_agent::Interface;
use swemill_agent::expert::{Expert, Gold, GoldFile};
use swemill_store::instances::Instance;

use crate::breakage::Breakage;
use crate::failure::StageError;
use crate::machine::Machine;
use crate::seal::node_id::{Named, file_of};

/// Functions or files of tests that a reproduction runs.
const MOST_TESTS: usize = 5;

/// The expert of an instance.
pub(super) async fn expert(
    machine: &Machine,
    instance: &Instance,
    interface: &Interface,
    hide_tests: bool,
) -> Result<Expert, StageError> {
    let loaded = machine.environment(instance.environment_id).await?;
    let breakage = Breakage::of(&loaded, &instance.patch)?;
    let files = breakage.files().into_keys().filter_map(|path| {
        let broken = breakage.get(&path)?;
        let file = GoldFile {
            before: Some(broken.broken.clone()),
            after: Some(broken.original.clone()),
        };
        Some((path, file))
    });
    let gold = Gold {
        reproduce: reproduction(instance, hide_tests),
        files: files.collect(),
    };
    Ok(Expert::new(interface, &gold))
}

/// A command that shows the fault: the failing tests where the agent has them, else the code that the problem statement
/// shows, else the tests that are left in the same files.
fn reproduction(instance: &Instance, hide_tests: bool) -> String {
    let tests = &instance.fail_to_pass;
    if !hide_tests {
        return pytest(&functions(tests));
    }
    match snippet(&instance.problem_statement) {
        Some(code) if code.contains("def test") => format!(
            "cat > /tmp/test_reproduction.py <<'END_OF_SCRIPT'\n{code}\nEND_OF_SCRIPT\n\
             python -m pytest -q -p no:cacheprovider /tmp/test_reproduction.py"
        ),
        Some(code) => format!("python - <<'END_OF_SCRIPT'\n{code}\nEND_OF_SCRIPT"),
        None => {
            let mut files: Vec<String> = tests.iter().map(|id| quoted(file_of(id))).collect();
            files.dedup();
            files.truncate(MOST_TESTS);
            pytest(&files)
        }
    }
}

/// The first functions of tests, as words of a shell. Whoever looks for a fault runs a function with all its cases; and the
/// text of a case may be anything, also what a notation or a shell takes for its own.
fn functions(tests: &[String]) -> Vec<String> {
    let mut functions = Vec::new();
    for id in tests {
        let function = quoted(&Named::parse(id).map_or_else(|| id.clone(), |named| named.id()));
        if !functions.contains(&function) {
            functions.push(function);
        }
    }
    functions.truncate(MOST_TESTS);
    functions
}

fn pytest(what: &[String]) -> String {
    format!("python -m pytest -q -p no:cacheprovider {}", what.join(" "))
}

/// The Python code of a statement; none where a notation could take part of it for its own.
fn snippet(statement: &str) -> Option<&str> {
    let (_, rest) = statement.split_once("```python\n")?;
    let (code, _) = rest.split_once("\n```")?;
    let is_plain = !["```", "</", "END_OF_SCRIPT"]
        .iter()
        .any(|mark| code.contains(mark));
    is_plain.then_some(code)
}

/// A word that a shell takes as it is.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_a_statement_is_taken_unless_a_notation_could_read_it() {
        let statement = "It fails:\n\n```python\nimport a\n\na.f()\n```\nThat is all.\n";
        assert_eq!(snippet(statement), Some("import a\n\na.f()"));
        assert_eq!(snippet("```python\nprint('</parameter>')\n```"), None);
        assert_eq!(snippet("no code"), None);
    }

    #[test]
    fn a_function_of_many_cases_is_run_once_whatever_its_cases_are_called() {
        let ids = [
            "tests/test a.py::T::test_b[it's]",
            "tests/test a.py::T::test_b[```</parameter>\n::x]",
            "a.py::test_c",
            "a's.rst::a's.rst",
        ];
        let words = functions(&ids.map(str::to_owned));
        let expected = [
            "'tests/test a.py::T::test_b'",
            "'a.py::test_c'",
            r"'a'\''s.rst::a'\''s.rst'",
        ];
        assert_eq!(words, expected);
    }
}
