//! Templates: the published texts around observations, and a user's own in their place.

use swemill_agent::templates::TemplateError;
use swemill_agent::{Action, Dialect, Interface, Observation};

use crate::support::{ROOT, interface, task};

fn shown(dialect: Dialect, output: &str) -> String {
    let action = Action::Bash {
        command: "cmd".to_owned(),
    };
    interface(dialect)
        .observation(&action, &Observation::said(output, 0), 60)
        .unwrap()
}

#[test]
fn mini_shows_both_ends_of_output_from_ten_thousand_characters_on() {
    let whole = "é".repeat(9_999);
    assert_eq!(
        shown(Dialect::MiniToolCalls, &whole),
        format!("<returncode>0</returncode>\n<output>\n{whole}</output>")
    );
    let long = format!(
        "{}{}{}",
        "a".repeat(5_000),
        "b".repeat(77),
        "c".repeat(5_000)
    );
    let text = shown(Dialect::MiniToolCalls, &long);
    assert!(
        text.starts_with(
            "<returncode>0</returncode>\n<warning>\nThe output of your last command was too long.\n"
        ),
        "{text}"
    );
    assert!(text.ends_with(&format!(
        "</warning><output_head>\n{}\n</output_head>\n<elided_chars>\n77 characters elided\n</elided_chars>\n<output_tail>\n{}\n</output_tail>",
        "a".repeat(5_000), "c".repeat(5_000)
    )), "{}", &text[..800]);
}

#[test]
fn swe_agent_shows_up_to_a_hundred_thousand_characters() {
    assert_eq!(shown(Dialect::SweAgentXml, "x\n"), "OBSERVATION:\nx\n");
    assert_eq!(
        shown(Dialect::SweAgentXml, " \n"),
        "Your command ran successfully and did not produce any output."
    );
    let text = shown(Dialect::SweAgentXml, &"é".repeat(100_003));
    assert!(text.starts_with("Observation: é"));
    assert!(text.contains("é<response clipped><NOTE>Observations should not exceeded 100000 characters. 3 characters were elided. "), "{}", &text[200_000..]);
}

#[test]
fn every_notation_opens_with_the_task_and_offers_the_tools_it_has() {
    for dialect in Dialect::ALL {
        let interface = interface(dialect);
        let opening = interface.opening(&task()).unwrap();
        assert_eq!(opening.len(), 2);
        assert!(opening[1].content.contains("`total(3, 4)` is 7."));
        assert!(opening[1].content.contains(ROOT));
        assert_eq!(
            interface.offered_tools().is_empty(),
            !dialect.has_tool_calls()
        );
        assert_eq!(dialect.name().parse::<Dialect>().unwrap(), dialect);
    }
    let system = &interface(Dialect::SweAgentXml).opening(&task()).unwrap()[0].content;
    for words in [
        "FUNCTION #2: str_replace_editor",
        "(1) command (string, required)",
        "No parameters are required",
    ] {
        assert!(system.contains(words), "{system}");
    }
}

#[test]
fn a_users_template_takes_a_built_in_ones_place_and_changes_the_digest() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("swe-agent")).unwrap();
    let own = folder.path().join("swe-agent/instance.j2");
    std::fs::write(&own, "Mend {{ root }}: {{ task }}").unwrap();
    let load = || Interface::new(Dialect::SweAgentXml, ROOT, Some(folder.path()));
    let interface = load().unwrap();
    assert_eq!(
        interface.opening(&task()).unwrap()[1].content,
        "Mend /testbed: `total(3, 4)` is 7."
    );
    let built_in = crate::support::interface(Dialect::SweAgentXml);
    assert_ne!(interface.templates_digest(), built_in.templates_digest());

    std::fs::write(&own, "{{ tusk }}").unwrap();
    let error = load().unwrap().opening(&task()).unwrap_err();
    assert!(
        error.to_string().contains("swe-agent/instance.j2"),
        "{error}"
    );
    std::fs::write(&own, "{% if %}").unwrap();
    assert!(matches!(load(), Err(TemplateError::Broken { .. })));
}
