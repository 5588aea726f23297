//! mini-swe-agent's text notation: exactly one block fenced as `mswea_bash_command`
//! (`minisweagent/models/litellm_textbased_model.py`).

use std::sync::LazyLock;

use regex::Regex;

use super::{Fault, Malformed, Parsed};
use crate::action::{Action, Call};

static BLOCK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)```mswea_bash_command\s*\n(.*?)\n```").expect("the pattern is valid")
});

/// Reads the command of an answer.
pub fn parse(content: &str) -> Result<Parsed, Malformed> {
    let mut blocks = BLOCK.captures_iter(content);
    let (Some(block), None) = (blocks.next(), blocks.next()) else {
        let found = BLOCK.find_iter(content).count();
        let fault = if found == 0 {
            Fault::Missing
        } else {
            Fault::Multiple
        };
        let detail = format!("Expected exactly 1 action, found {found}.");
        return Err(Malformed::new(fault, detail, found));
    };
    let whole = block.get_match();
    Ok(Parsed {
        thought: format!("{}{}", &content[..whole.start()], &content[whole.end()..])
            .trim()
            .to_owned(),
        calls: vec![Call {
            action: Action::Bash {
                command: block[1].trim().to_owned(),
            },
            id: None,
        }],
    })
}
