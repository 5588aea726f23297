//! A command, completed with everything that a first process needs to start it.

use std::collections::BTreeMap;

use super::wire::Exec;
use crate::{Command, EnvironmentSpec};

/// What every command finds in its environment unless the spec or the command says otherwise.
const VARIABLES: &[(&str, &str)] = &[
    ("HOME", "/home/sandbox"),
    ("LANG", "C.UTF-8"),
    ("LOGNAME", "sandbox"),
    (
        "PATH",
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ),
    ("USER", "sandbox"),
];

/// The variable that names the record channel's descriptor.
const CHANNEL_VARIABLE: &str = "SWEMILL_CHANNEL";

/// The channel's descriptor in the started program.
pub(crate) const CHANNEL_DESCRIPTOR: &str = "3";

/// Completes a command from its environment.
pub(crate) fn exec_request(spec: &EnvironmentSpec, command: &Command) -> Exec {
    let mut variables: BTreeMap<&str, &str> = VARIABLES.iter().copied().collect();
    for (name, value) in spec.variables.iter().chain(&command.variables) {
        variables.insert(name, value);
    }
    variables.remove(CHANNEL_VARIABLE);
    if command.channel.is_some() {
        variables.insert(CHANNEL_VARIABLE, CHANNEL_DESCRIPTOR);
    }
    let directory = command
        .working_directory
        .as_ref()
        .unwrap_or(&spec.working_directory);
    Exec {
        argv: command.argv.clone(),
        variables: variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
        directory: directory.clone().into(),
        channel: command.channel.is_some(),
    }
}
