//! From answers to actions: examples of each published rule, and anything at all.

use std::sync::LazyLock;

use proptest::prelude::*;
use swemill_agent::parse::Fault;
use swemill_agent::{Action, Completion, Dialect, Edit, Interface, ToolCall};

use crate::support::interface;

fn text(content: &str) -> Completion {
    Completion {
        content: content.to_owned(),
        ..Completion::default()
    }
}

fn calls(calls: &[(&str, &str)]) -> Completion {
    let calls = calls
        .iter()
        .enumerate()
        .map(|(index, (name, arguments))| ToolCall {
            id: format!("call_{index}"),
            name: (*name).to_owned(),
            arguments: (*arguments).to_owned(),
        });
    Completion {
        tool_calls: calls.collect(),
        ..text("A thought.")
    }
}

/// The commands of an answer, or what is wrong with it.
fn read(dialect: Dialect, completion: &Completion) -> Result<Vec<String>, (Fault, String)> {
    let parsed = interface(dialect).parse(completion);
    let parsed = parsed.map_err(|malformed| (malformed.fault, malformed.detail))?;
    let commands = parsed.calls.into_iter().map(|call| match call.action {
        Action::Bash { command } => command,
        Action::Submit => "submit".to_owned(),
        Action::Edit(edit) => format!("{edit:?}"),
    });
    Ok(commands.collect())
}

#[test]
fn mini_takes_several_tool_calls_and_names_what_is_wrong_with_one() {
    let read = |given: &[(&str, &str)]| read(Dialect::MiniToolCalls, &calls(given));
    assert_eq!(
        read(&[
            ("bash", r#"{"command": "ls"}"#),
            ("bash", r#"{"command": "pwd"}"#)
        ])
        .unwrap(),
        ["ls", "pwd"]
    );
    let fault = |given| read(given).unwrap_err();
    assert_eq!(
        fault(&[]).1,
        "No tool calls found in the response. Every response MUST include at least one tool call."
    );
    assert_eq!(
        fault(&[("python", r#"{"command": "ls"}"#)]).1,
        "Unknown tool 'python'."
    );
    assert_eq!(
        fault(&[("bash", "{}")]).1,
        "Missing 'command' argument in bash tool call."
    );
    assert!(
        fault(&[("bash", "{")])
            .1
            .starts_with("Error parsing tool call arguments: ")
    );
}

#[test]
fn mini_takes_exactly_one_fenced_command() {
    let read = |content: &str| read(Dialect::MiniFenced, &text(content));
    let block = "```mswea_bash_command\nls -la\n\npwd\n```";
    assert_eq!(
        read(&format!("Thought.\n\n{block}\nAfter.")).unwrap(),
        ["ls -la\n\npwd"]
    );
    assert_eq!(
        read("```bash\nls\n```").unwrap_err().1,
        "Expected exactly 1 action, found 0."
    );
    assert_eq!(
        read(&format!("{block}\n{block}")).unwrap_err(),
        (
            Fault::Multiple,
            "Expected exactly 1 action, found 2.".to_owned()
        )
    );
}

#[test]
fn swe_agent_takes_exactly_one_tool_call_with_the_arguments_of_its_schema() {
    let read = |given: &[(&str, &str)]| read(Dialect::SweAgentFunctionCalling, &calls(given));
    assert_eq!(read(&[("submit", "")]).unwrap(), ["submit"]);
    let fault = |given: &[(&str, &str)]| read(given).unwrap_err();
    assert_eq!(fault(&[]).0, Fault::Missing);
    assert_eq!(
        fault(&[("submit", "{}"), ("submit", "{}")]).0,
        Fault::Multiple
    );
    assert_eq!(
        fault(&[("edit", "{}")]).1,
        "Command 'edit' not found in list of available commands."
    );
    assert_eq!(
        fault(&[("bash", "[")]).1,
        "Tool call arguments are not valid JSON."
    );
    assert_eq!(fault(&[("bash", "[]")]).0, Fault::InvalidJson);
    assert_eq!(
        fault(&[("bash", "{}")]).1,
        "Required argument(s) missing: command"
    );
    assert_eq!(
        fault(&[("submit", r#"{"why": 1}"#)]).1,
        "Unexpected argument(s): why"
    );
    let odd = r#"{"command": "view", "path": "/a", "view_range": [1, "x"]}"#;
    assert_eq!(
        fault(&[("str_replace_editor", odd)]).0,
        Fault::UnexpectedArg
    );
}

#[test]
fn xml_is_read_from_the_first_function_with_one_newline_off_each_side() {
    let read = |content: &str| read(Dialect::SweAgentXml, &text(content));
    let first = "Thought.\n<function=execute_bash>\n<parameter=command>\n\nls\n\n</parameter>\n</function>\n<function=bash>\n<parameter=command>rm x</parameter>\n</function>";
    assert_eq!(read(first).unwrap(), ["\nls\n"]);
    assert_eq!(read("<function=finish>\n</function>").unwrap(), ["submit"]);
    assert_eq!(
        read("<function=submit></function>").unwrap_err().0,
        Fault::Missing
    );
    let range = |range: &str| {
        read(&format!(
            "<function=str_replace_editor>\n<parameter=command>view</parameter>\n<parameter=path>/a</parameter>\n<parameter=view_range>{range}</parameter>\n</function>"
        ))
    };
    assert!(range("[1, 20]").unwrap()[0].contains("Some((1, 20))"));
    assert_eq!(
        range("[1, -1]").unwrap_err().1,
        "view_range must be in the format [<start>, <end>], got [1, -1]."
    );
}

#[test]
fn thought_and_action_is_read_from_the_last_block_that_is_in_no_other() {
    let read = |content: &str| read(Dialect::SweAgentThoughtAction, &text(content));
    assert_eq!(
        read("One:\n```\nls\n```\nTwo:\n```\npwd\n```\n").unwrap(),
        ["pwd"]
    );
    assert_eq!(
        read("```python\nx\n```bash\nls\n```\ny\n```\n").unwrap(),
        ["x\n```bash\nls\n```\ny"]
    );
    let left_open = "```\nls\n```\n```python\n```bash\npwd\n```\n";
    assert_eq!(read(left_open).unwrap(), ["ls"]);
    assert_eq!(read("```\nsubmit\n```").unwrap(), ["submit"]);
    assert_eq!(
        read("```\nls").unwrap_err().1,
        "No action found in model response."
    );
    let edit = "```\nstr_replace_editor str_replace /a.py --old_str 'it'\"'\"'s\n  x' --new_str \"y\\\"\"\n```";
    assert!(
        read(edit).unwrap()[0].contains(r#"old_str: Some("it's\n  x"), new_str: Some("y\"")"#),
        "{:?}",
        read(edit)
    );
}

#[test]
fn commands_that_wait_for_a_person_are_refused_by_swe_agent_alone() {
    let python = |dialect| {
        interface(dialect).parse(&interface(dialect).write(
            "",
            &Action::Bash {
                command: "python".into(),
            },
            "c",
        ))
    };
    assert_eq!(
        python(Dialect::SweAgentXml).unwrap_err().fault,
        Fault::Blocked
    );
    assert!(python(Dialect::MiniFenced).is_ok());
}

static ALL: LazyLock<[Interface; 5]> = LazyLock::new(|| Dialect::ALL.map(interface));

fn anything() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "```",
        "```mswea_bash_command",
        "\n",
        "<function=",
        "bash",
        ">",
        "</function>",
        "<parameter=",
        "command",
        "</parameter>",
        "submit",
        "str_replace_editor",
        " view ",
        "--view_range",
        "'",
        "\"",
        "\\",
        "é",
        "\0",
        "[1, 2]",
        "{\"command\": ",
        "}",
    ]);
    let piece = prop_oneof![4 => pieces.prop_map(str::to_owned), 1 => any::<String>()];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn any_action() -> impl Strategy<Value = Action> {
    let words = "[ -~\n\té]{0,40}";
    let edit = (
        prop::sample::select(vec!["view", "create", "str_replace", "insert"]),
        words,
        prop::option::of(words),
        prop::option::of(0_i64..99),
        prop::option::of((0_i64..9, 0_i64..99)),
    );
    prop_oneof![
        "[a-z][ -~\né]{0,60}".prop_map(|command| Action::Bash { command }),
        Just(Action::Submit),
        edit.prop_map(|(command, old, new, line, range)| Action::Edit(Edit {
            command: command.to_owned(),
            path: "/testbed/a file.py".to_owned(),
            file_text: None,
            old_str: Some(old),
            new_str: new,
            insert_line: line,
            view_range: range,
        })),
    ]
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(content in anything(), arguments in anything(), name in anything()) {
        for interface in ALL.iter() {
            for name in [name.as_str(), "bash", "str_replace_editor", "submit"] {
                let completion = Completion { content: content.clone(), ..calls(&[(name, arguments.as_str())]) };
                if let Err(malformed) = interface.parse(&completion) {
                    prop_assert!(!interface.reproach(&completion, &malformed).unwrap().is_empty());
                }
            }
        }
    }

    #[test]
    fn tool_calls_carry_every_action_as_it_is(action in any_action()) {
        let interface = &ALL[2];
        let parsed = interface.parse(&interface.write("Thought.", &action, "id"));
        if let Ok(parsed) = parsed {
            prop_assert_eq!(&parsed.calls[0].action, &action);
            prop_assert_eq!(parsed.thought, "Thought.");
        } else {
            prop_assert_eq!(parsed.unwrap_err().fault, Fault::Blocked);
        }
    }

    #[test]
    fn quoted_words_are_split_into_what_they_were(words in prop::collection::vec("[ -~\n\té]{0,20}", 1..6)) {
        use swemill_agent::parse::words::{quote, split};
        let line: Vec<String> = words.iter().map(|word| quote(word)).collect();
        prop_assert_eq!(split(&line.join(" ")), Some(words));
    }
}
