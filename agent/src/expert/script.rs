//! The steps of an expert.

use std::collections::BTreeSet;

use serde_json::json;

use super::edits::{Replacement, replacements};
use super::{Gold, GoldFile};
use crate::action::Action;
use crate::editor::Edit;
use crate::interface::Interface;
use crate::lm::Completion;
use crate::parse::words::quote;

/// Lines around an edit that are read before it.
const AROUND: usize = 10;

struct Script<'a> {
    interface: &'a Interface,
    answers: Vec<Completion>,
}

pub(super) fn write(interface: &Interface, gold: &Gold) -> Vec<Completion> {
    let mut script = Script {
        interface,
        answers: Vec::new(),
    };
    script.bash("I begin by reproducing the problem.", &gold.reproduce);
    for (path, file) in &gold.files {
        script.locate(path, file);
        script.repair(path, file);
    }
    script.bash(
        "The edits are made. I run the reproduction again to see what it says now.",
        &gold.reproduce,
    );
    script.hand_in(gold);
    script.answers
}

impl Script<'_> {
    fn is_mini(&self) -> bool {
        self.interface.dialect().is_mini()
    }

    fn act(&mut self, thought: &str, action: &Action) {
        let id = format!("call_{}", self.answers.len());
        let answer = self.interface.write(thought, action, &id);
        self.answers.push(answer);
    }

    fn bash(&mut self, thought: &str, command: &str) {
        let command = command.to_owned();
        self.act(thought, &Action::Bash { command });
    }

    /// Whether the notation can say an action: text notations cannot quote their own marks.
    fn can_say(&self, action: &Action) -> bool {
        let answer = self.interface.write("Thought.", action, "call");
        let parsed = self.interface.parse(&answer);
        parsed.is_ok_and(|parsed| parsed.calls.len() == 1 && parsed.calls[0].action == *action)
    }

    /// Looks for the definition that a file's first change is in.
    fn locate(&mut self, path: &str, file: &GoldFile) {
        let Some((before, after)) = file.before.as_ref().zip(file.after.as_ref()) else {
            return;
        };
        let same = before
            .lines()
            .zip(after.lines())
            .take_while(|(old, new)| old == new);
        let line = same.count();
        let definition = definition_above(before, line);
        let command = match definition {
            Some(definition) => format!("grep -rn --include='*.py' {} .", quote(definition)),
            None => format!("git ls-files | grep -n {}", quote(path)),
        };
        self.bash("Now I look for the code that is responsible.", &command);
    }

    fn repair(&mut self, path: &str, file: &GoldFile) {
        match (&file.before, &file.after) {
            (Some(before), Some(after)) => match replacements(before, after) {
                Some(found) => self.edit(path, before, &found),
                None => self.overwrite(path, after),
            },
            (None, Some(after)) => self.create(path, after),
            (Some(_), None) => {
                let command = format!("rm {}", quote(path));
                self.bash("This file should not be there; I remove it.", &command);
            }
            (None, None) => {}
        }
    }

    fn edit(&mut self, path: &str, before: &str, found: &[Replacement]) {
        let full = self.full(path);
        let mut current = before.to_owned();
        for replacement in found {
            self.read(path, &current, replacement.lines);
            let thought =
                "This is where the behaviour differs from what is described. I change it.";
            let edit = Action::Edit(Edit {
                command: "str_replace".to_owned(),
                path: full.clone(),
                old_str: Some(replacement.old.clone()),
                new_str: Some(replacement.new.clone()),
                ..Edit::default()
            });
            // The editor would turn these into something else, all over the file.
            let is_kept =
                !current.contains(['\t', '\r']) && !replacement.new.contains(['\t', '\r']);
            if !self.is_mini() && is_kept && self.can_say(&edit) {
                self.act(thought, &edit);
            } else {
                let old = python_text(&replacement.old);
                let new = python_text(&replacement.new);
                let change = format!(
                    "text = path.read_bytes().decode()\nold = {old}\nnew = {new}\nassert text.count(old) == 1\npath.write_bytes(text.replace(old, new).encode())"
                );
                self.python(thought, path, &change);
            }
            current = current.replacen(&replacement.old, &replacement.new, 1);
        }
    }

    fn read(&mut self, path: &str, current: &str, (first, last): (usize, usize)) {
        let count = current.split('\n').count();
        let first = first.saturating_sub(AROUND).max(1);
        let last = (last + AROUND).min(count);
        let thought = "I read the code before I change it.";
        if self.is_mini() {
            let command = format!("nl -ba {} | sed -n '{first},{last}p'", quote(path));
            return self.bash(thought, &command);
        }
        let view = Edit {
            command: "view".to_owned(),
            path: self.full(path),
            view_range: Some((first.try_into().unwrap_or(1), last.try_into().unwrap_or(1))),
            ..Edit::default()
        };
        self.act(thought, &Action::Edit(view));
    }

    fn create(&mut self, path: &str, text: &str) {
        let thought = "A file is missing. I add it.";
        if let Some((folder, _)) = path.rsplit_once('/') {
            self.bash(
                "I make sure that the folder is there.",
                &format!("mkdir -p {}", quote(folder)),
            );
        }
        let create = Action::Edit(Edit {
            command: "create".to_owned(),
            path: self.full(path),
            file_text: Some(text.to_owned()),
            ..Edit::default()
        });
        if !self.is_mini() && self.can_say(&create) {
            return self.act(thought, &create);
        }
        self.write_whole(thought, path, text);
    }

    fn overwrite(&mut self, path: &str, text: &str) {
        self.write_whole(
            "So much of this file is different that I write it anew.",
            path,
            text,
        );
    }

    fn write_whole(&mut self, thought: &str, path: &str, text: &str) {
        let write = format!("path.write_bytes({}.encode())", python_text(text));
        self.python(thought, path, &write);
    }

    fn python(&mut self, thought: &str, path: &str, change: &str) {
        let path = python_text(path);
        let command = format!(
            "python3 - <<'END_OF_EDIT'\nimport pathlib\npath = pathlib.Path({path})\n{change}\nEND_OF_EDIT"
        );
        self.bash(thought, &command);
    }

    fn hand_in(&mut self, gold: &Gold) {
        if !self.is_mini() {
            let files: BTreeSet<String> = gold.files.keys().map(|path| quote(path)).collect();
            let files: Vec<String> = files.into_iter().collect();
            let look = format!("git status --short && git diff -- {}", files.join(" "));
            self.bash("I look at all of my changes once more.", &look);
            self.act("The change is complete. I submit it.", &Action::Submit);
            return self.act(
                "There is no reproduction script to remove and no test was changed. I confirm.",
                &Action::Submit,
            );
        }
        let files: Vec<String> = gold.files.keys().map(|path| quote(path)).collect();
        let files = files.join(" ");
        let added = gold.files.iter().filter(|(_, file)| file.before.is_none());
        let added: Vec<String> = added.map(|(path, _)| quote(path)).collect();
        let announce = match added.as_slice() {
            [] => String::new(),
            added => format!("git add -N -- {} && ", added.join(" ")),
        };
        let make = format!("{announce}git diff -- {files} > patch.txt");
        self.bash("I make the patch of the files that I changed.", &make);
        self.bash("I check the patch.", "cat patch.txt");
        let submit = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && cat patch.txt";
        self.bash("The patch holds what I mean to submit.", submit);
    }

    fn full(&self, path: &str) -> String {
        format!("{}/{path}", self.interface.root().trim_end_matches('/'))
    }
}

/// The nearest `def` or `class` line above a line, without its arguments.
fn definition_above(text: &str, line: usize) -> Option<&str> {
    let lines: Vec<&str> = text.lines().take(line + 1).collect();
    let mut above = lines.into_iter().rev().map(str::trim);
    above.find_map(|line| {
        let is_definition = ["def ", "class ", "async def "]
            .iter()
            .any(|word| line.starts_with(word));
        let end = line.find(['(', ':']).unwrap_or(line.len());
        is_definition.then(|| &line[..end])
    })
}

/// Text as Python can read it, without anything that a notation could take for its own. JSON's escapes are Python's, but
/// for characters beyond the basic plane, which JSON leaves as they are here.
fn python_text(text: &str) -> String {
    json!(text)
        .to_string()
        .replace('<', "\\u003c")
        .replace('`', "\\u0060")
}
