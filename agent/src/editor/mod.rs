//! `str_replace_editor`, SWE-agent's editor: its commands carried out in a sandbox, its messages as published
//! (`tools/edit_anthropic/bin/str_replace_editor`, with its linter, file map and wider windows switched off).
//!
//! Faithful to what models were trained with, it turns tabs into spaces and `\r\n` into `\n` in files that it edits.

mod change;
mod file;
mod text;
mod view;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use swemill_sandbox::Sandbox;

use crate::action::Observation;
use file::{File, Kind};

/// The arguments of one use of the editor, as they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// `view`, `create`, `str_replace`, `insert` or `undo_edit`.
    pub command: String,
    /// The file or folder.
    pub path: String,
    /// The content of a new file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_text: Option<String>,
    /// The text to replace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_str: Option<String>,
    /// What takes its place, or is inserted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_str: Option<String>,
    /// The line after which to insert; 0 for the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insert_line: Option<i64>,
    /// The first and last line to view.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view_range: Option<(i64, i64)>,
}

/// The editor of one attempt: it remembers what files were before its edits.
#[derive(Clone, Debug, Default)]
pub struct Editor {
    history: BTreeMap<String, Vec<String>>,
}

/// Why an edit was not done: the published message and exit status. Machinery that failed is apart.
#[derive(Debug)]
enum Refused {
    Message(String, i32),
    Sandbox(swemill_sandbox::Error),
}

impl From<swemill_sandbox::Error> for Refused {
    fn from(error: swemill_sandbox::Error) -> Self {
        Self::Sandbox(error)
    }
}

fn refuse<T>(message: impl Into<String>, status: i32) -> Result<T, Refused> {
    Err(Refused::Message(message.into(), status))
}

impl Editor {
    /// Carries out one command. An error is the sandbox's; the agent's own come as an observation.
    pub async fn run(
        &mut self,
        sandbox: &dyn Sandbox,
        root: &str,
        edit: &Edit,
    ) -> swemill_sandbox::Result<Observation> {
        match self.carry_out(sandbox, root, edit).await {
            Ok(message) => Ok(Observation::said(message + "\n", 0)),
            Err(Refused::Message(message, status)) => Ok(Observation::said(message + "\n", status)),
            Err(Refused::Sandbox(error)) => Err(error),
        }
    }

    async fn carry_out(
        &mut self,
        sandbox: &dyn Sandbox,
        root: &str,
        edit: &Edit,
    ) -> Result<String, Refused> {
        let path = edit.path.as_str();
        let file = check(sandbox, root, edit).await?;
        match edit.command.as_str() {
            "view" => view::view(sandbox, &file, edit.view_range).await,
            "create" => {
                let text = required(edit.file_text.as_ref(), "file_text", "create", 1)?;
                let message = file.create(sandbox, text).await?;
                self.remember(path, text.clone());
                Ok(message)
            }
            "str_replace" => {
                let old = required(edit.old_str.as_ref(), "old_str", "str_replace", 2)?;
                let new = edit.new_str.as_deref().unwrap_or_default();
                let before = file.read(sandbox).await?;
                let (after, message) = change::replace(path, &before.text, old, new)?;
                file.write(sandbox, &after, before.encoding).await?;
                self.remember(path, text::expand_tabs(&before.text));
                Ok(message)
            }
            "insert" => {
                let line = required(edit.insert_line.as_ref(), "insert_line", "insert", 3)?;
                let new = required(edit.new_str.as_ref(), "new_str", "insert", 4)?;
                let before = file.read(sandbox).await?;
                let (after, message) = change::insert(path, &before.text, *line, new)?;
                file.write(sandbox, &after, before.encoding).await?;
                self.remember(path, text::expand_tabs(&before.text));
                Ok(message)
            }
            "undo_edit" => self.undo(sandbox, path, &file).await,
            other => refuse(
                format!(
                    "Unrecognized command {other}. The allowed commands for the str_replace_editor tool are: \"view\", \"create\", \"str_replace\", \"insert\", \"undo_edit\""
                ),
                5,
            ),
        }
    }

    fn remember(&mut self, path: &str, before: String) {
        self.history
            .entry(path.to_owned())
            .or_default()
            .push(before);
    }

    async fn undo(
        &mut self,
        sandbox: &dyn Sandbox,
        path: &str,
        file: &File,
    ) -> Result<String, Refused> {
        let Some(before) = self.history.get_mut(path).and_then(Vec::pop) else {
            return refuse(format!("No edit history found for {path}."), 18);
        };
        file.write(sandbox, &before, text::Encoding::Utf8).await?;
        let shown = text::numbered(&before, path, 1);
        Ok(format!("Last edit to {path} undone successfully. {shown}"))
    }
}

fn required<'a, T>(
    argument: Option<&'a T>,
    name: &str,
    command: &str,
    status: i32,
) -> Result<&'a T, Refused> {
    match argument {
        Some(argument) => Ok(argument),
        None => refuse(
            format!("Parameter `{name}` is required for command: {command}"),
            status,
        ),
    }
}

/// Looks at the path; refuses what no command or not this command can do with it.
async fn check(sandbox: &dyn Sandbox, root: &str, edit: &Edit) -> Result<File, Refused> {
    let path = edit.path.as_str();
    if !path.starts_with('/') {
        let suggestion = format!("{}/{path}", root.trim_end_matches('/'));
        let message = format!(
            "The path {path} is not an absolute path, it should start with `/`. Maybe you meant {suggestion}?"
        );
        return refuse(message, 6);
    }
    let file = File::find(sandbox, path).await?;
    let creates = edit.command == "create";
    if file.kind == Kind::Missing && !creates {
        let message = format!("The path {path} does not exist. Please provide a valid path.");
        return refuse(message, 7);
    }
    if file.kind != Kind::Missing && creates {
        let message = format!(
            "File already exists at: {path}. Cannot overwrite files using command `create`."
        );
        return refuse(message, 8);
    }
    if file.kind == Kind::Folder && edit.command != "view" {
        let message = format!(
            "The path {path} is a directory and only the `view` command can be used on directories"
        );
        return refuse(message, 9);
    }
    Ok(file)
}
