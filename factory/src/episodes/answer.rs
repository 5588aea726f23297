//! What a policy answers.

use swemill_agent::{Action, Completion, Interface};

use super::error::EpisodeError;

/// The longest raw command, in bytes.
const LONGEST_COMMAND: usize = 1 << 20;

/// An answer in whatever form the policy gives it.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A message of the assistant, in the notation of the episode's interface.
    Message(Completion),
    /// A command for bash; it is written in the interface's notation first, as a model would have.
    Command(String),
}

impl Answer {
    /// The answer as the interface reads it. `step` is its number, from 0.
    pub(super) fn completion(
        self,
        interface: &Interface,
        step: usize,
    ) -> Result<Completion, EpisodeError> {
        let mut completion = match self {
            Self::Message(completion) => completion,
            Self::Command(command) => return written(command, interface, step),
        };
        for (index, call) in completion.tool_calls.iter_mut().enumerate() {
            if call.id.is_empty() {
                call.id = id(step, index);
            }
        }
        if completion.finish_reason.is_empty() {
            let is_text = completion.tool_calls.is_empty();
            let reason = if is_text { "stop" } else { "tool_calls" };
            reason.clone_into(&mut completion.finish_reason);
        }
        Ok(completion)
    }
}

fn written(
    command: String,
    interface: &Interface,
    step: usize,
) -> Result<Completion, EpisodeError> {
    if command.trim().is_empty() || command.len() > LONGEST_COMMAND {
        let reason = format!("a command has 1 to {LONGEST_COMMAND} bytes");
        return Err(EpisodeError::invalid("command", reason));
    }
    let action = Action::Bash { command };
    let completion = interface.write("", &action, &id(step, 0));
    let Action::Bash { command } = action else {
        return Ok(completion);
    };
    let is_read_as_meant = match interface.parse(&completion) {
        Ok(parsed) => matches!(
            parsed.calls.as_slice(),
            [only] if matches!(&only.action, Action::Bash { command: read } if read.trim() == command.trim())
        ),
        // A command that the interface refuses is refused as a model's is: with a message.
        Err(malformed) => malformed.fault == swemill_agent::parse::Fault::Blocked,
    };
    if is_read_as_meant {
        return Ok(completion);
    }
    let name = interface.dialect().name();
    let reason = format!(
        "{name} has no way to write this command (it holds marks of the notation); write it to a file with another, or \
         reset with an interface of tool calls"
    );
    Err(EpisodeError::invalid("command", reason))
}

fn id(step: usize, index: usize) -> String {
    format!("call_{step}_{index}")
}

#[cfg(test)]
mod tests {
    use swemill_agent::{Dialect, ToolCall};

    use super::*;

    fn interface(dialect: Dialect) -> Interface {
        Interface::new(dialect, "/testbed", None).unwrap()
    }

    #[test]
    fn a_command_is_read_as_it_was_meant_in_every_interface() {
        for dialect in Dialect::ALL {
            let interface = interface(dialect);
            let command = "cat > a.py <<'END'\nprint(\"</tag>\", 'it''s')\nEND";
            let answer = Answer::Command(command.to_owned());
            let completion = answer.completion(&interface, 3).unwrap();
            let parsed = interface.parse(&completion).unwrap();
            let Action::Bash { command: read } = &parsed.calls[0].action else {
                panic!("{dialect:?}: {parsed:?}")
            };
            assert_eq!(read.trim(), command, "{dialect:?}");
        }
    }

    #[test]
    fn a_command_that_the_notation_would_cut_short_is_refused() {
        let fenced = interface(Dialect::MiniFenced);
        for command in ["echo 1\n```\necho 2", "", "  "] {
            let answer = Answer::Command(command.to_owned());
            let error = answer.completion(&fenced, 0).unwrap_err();
            assert!(matches!(error, EpisodeError::Invalid { .. }), "{command:?}");
        }
    }

    #[test]
    fn calls_without_an_id_get_one_that_is_not_given_twice() {
        let call = ToolCall {
            id: String::new(),
            name: "bash".to_owned(),
            arguments: "{}".to_owned(),
        };
        let given = Completion {
            tool_calls: vec![call.clone(), call],
            ..Completion::default()
        };
        let answer = Answer::Message(given);
        let completion = answer
            .completion(&interface(Dialect::MiniToolCalls), 2)
            .unwrap();
        let ids: Vec<&str> = completion
            .tool_calls
            .iter()
            .map(|c| c.id.as_str())
            .collect();
        assert_eq!(ids, ["call_2_0", "call_2_1"]);
        assert_eq!(completion.finish_reason, "tool_calls");
    }
}
