//! Commands that SWE-agent refuses since they need a terminal or never end (`sweagent/tools/tools.py`).

use crate::action::Action;
use crate::parse::{Fault, Malformed};

/// Refused with whatever arguments.
const ALWAYS: &[&str] = &[
    "vim",
    "vi",
    "emacs",
    "nano",
    "nohup",
    "gdb",
    "less",
    "tail -f",
    "python -m venv",
    "make",
];
/// Refused without arguments.
const ALONE: &[&str] = &[
    "python",
    "python3",
    "ipython",
    "bash",
    "sh",
    "/bin/bash",
    "/bin/sh",
    "nohup",
    "vi",
    "vim",
    "emacs",
    "nano",
    "su",
];

pub(super) fn check(action: &Action) -> Result<(), Malformed> {
    let Action::Bash { command } = action else {
        return Ok(());
    };
    let command = command.trim();
    let begins_with = |name: &&str| {
        command
            .strip_prefix(*name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
    };
    if ALONE.contains(&command) || ALWAYS.iter().any(begins_with) {
        return Err(Malformed::new(Fault::Blocked, command, 1));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_that_wait_for_a_person_are_refused_and_others_of_like_name_are_not() {
        let is_refused = |command: &str| {
            let command = command.to_owned();
            check(&Action::Bash { command }).is_err()
        };
        for command in ["vim x", "python", " bash ", "tail -f log", "less x", "su"] {
            assert!(is_refused(command), "{command}");
        }
        for command in [
            "python x.py",
            "vimdiff a b",
            "makeblastdb",
            "tail -fn",
            "bash x.sh",
            "true; vim",
        ] {
            assert!(!is_refused(command), "{command}");
        }
    }
}
