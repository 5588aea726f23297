//! The editor's commands and its published messages, in a sandbox.

use swemill_agent::editor::Editor;
use swemill_agent::{Edit, Place};
use swemill_sandbox::Sandbox;

use crate::support::{ROOT, Repository, read};

fn edit(command: &str, path: &str) -> Edit {
    Edit {
        command: command.to_owned(),
        path: path.to_owned(),
        ..Edit::default()
    }
}

fn change(path: &str, old: &str, new: &str) -> Edit {
    Edit {
        old_str: Some(old.to_owned()),
        new_str: Some(new.to_owned()),
        ..edit("str_replace", path)
    }
}

fn insert(path: &str, line: i64, new: &str) -> Edit {
    Edit {
        insert_line: Some(line),
        new_str: Some(new.to_owned()),
        ..edit("insert", path)
    }
}

fn create(path: &str, text: &str) -> Edit {
    Edit {
        file_text: Some(text.to_owned()),
        ..edit("create", path)
    }
}

fn view(path: &str, first: i64, last: i64) -> Edit {
    Edit {
        view_range: Some((first, last)),
        ..edit("view", path)
    }
}

struct Desk {
    sandbox: Box<dyn Sandbox>,
    editor: Editor,
}

impl Desk {
    async fn new(repository: &Repository) -> Self {
        Self {
            sandbox: repository.place().await.start().await.unwrap(),
            editor: Editor::default(),
        }
    }

    async fn run(&mut self, edit: &Edit) -> (String, i32) {
        let seen = self
            .editor
            .run(self.sandbox.as_ref(), ROOT, edit)
            .await
            .unwrap();
        (seen.output, seen.returncode)
    }
}

async fn refused(desk: &mut Desk, cases: &[(Edit, i32, &str)]) {
    for (edit, status, words) in cases {
        let seen = desk.run(edit).await;
        assert_eq!(seen, (format!("{words}\n"), *status), "{edit:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_edited_is_refused_with_the_published_words_and_status() {
    let repository = Repository::new().file("twice.txt", "a\nb\na\n");
    let mut desk = Desk::new(&repository).await;
    let file = "/testbed/twice.txt";
    let lacking = |command: &str| edit(command, file);
    let cases = [
        (
            edit("view", "shop/price.py"),
            6,
            "The path shop/price.py is not an absolute path, it should start with `/`. Maybe you meant /testbed/shop/price.py?",
        ),
        (
            edit("view", "/testbed/none"),
            7,
            "The path /testbed/none does not exist. Please provide a valid path.",
        ),
        (
            create(file, "x"),
            8,
            "File already exists at: /testbed/twice.txt. Cannot overwrite files using command `create`.",
        ),
        (
            change("/testbed/shop", "a", "b"),
            9,
            "The path /testbed/shop is a directory and only the `view` command can be used on directories",
        ),
        (
            view("/testbed/shop", 1, 2),
            10,
            "The `view_range` parameter is not allowed when `path` points to a directory.",
        ),
        (
            view(file, 5, 6),
            12,
            "Invalid `view_range`: [5, 6]. Its first element `5` should be within the range of lines of the file: [1, 4]",
        ),
        (
            view(file, 1, 5),
            13,
            "Invalid `view_range`: [1, 5]. Its second element `5` should be smaller than the number of lines in the file: `4`",
        ),
        (
            view(file, 3, 2),
            14,
            "Invalid `view_range`: [3, 2]. Its second element `2` should be larger or equal than its first `3`",
        ),
        (
            change(file, "c", "d"),
            15,
            "No replacement was performed, old_str `c` did not appear verbatim in /testbed/twice.txt.",
        ),
        (
            change(file, "a", "d"),
            16,
            "No replacement was performed. Multiple occurrences of old_str `a` in lines [1, 3]. Please ensure it is unique",
        ),
        (
            change(file, "b", "b"),
            161,
            "No replacement was performed, old_str `b` is the same as new_str `b`.",
        ),
        (
            insert(file, 5, "x"),
            17,
            "Invalid `insert_line` parameter: 5. It should be within the range of lines of the file: [0, 4]",
        ),
        (
            lacking("undo_edit"),
            18,
            "No edit history found for /testbed/twice.txt.",
        ),
    ];
    refused(&mut desk, &cases).await;
    assert_eq!(read(desk.sandbox.as_ref(), file).await, "a\nb\na\n");
}

#[tokio::test]
async fn arguments_that_lack_are_refused_with_the_published_words_and_status() {
    let repository = Repository::new().file("twice.txt", "a\nb\na\n");
    let mut desk = Desk::new(&repository).await;
    let file = "/testbed/twice.txt";
    let lacking = |command: &str| edit(command, file);
    let cases = [
        (
            create("/testbed/no/folder", "x"),
            21,
            "The parent directory /testbed/no does not exist. Please create it first.",
        ),
        (
            edit("create", "/testbed/new"),
            1,
            "Parameter `file_text` is required for command: create",
        ),
        (
            lacking("str_replace"),
            2,
            "Parameter `old_str` is required for command: str_replace",
        ),
        (
            lacking("insert"),
            3,
            "Parameter `insert_line` is required for command: insert",
        ),
        (
            lacking("rename"),
            5,
            "Unrecognized command rename. The allowed commands for the str_replace_editor tool are: \"view\", \"create\", \"str_replace\", \"insert\", \"undo_edit\"",
        ),
    ];
    refused(&mut desk, &cases).await;
}

#[tokio::test]
async fn edits_are_shown_with_four_lines_around_and_can_be_undone() {
    let lines: Vec<String> = (1..=12).map(|line| format!("line {line}\n")).collect();
    let text = lines.concat();
    let repository = Repository::new().file("lines.txt", &text);
    let mut desk = Desk::new(&repository).await;
    let file = "/testbed/lines.txt";
    let (message, _) = desk
        .run(&change(file, "line 6\n", "six\nand a half\n"))
        .await;
    let shown = "     5\tline 5\n     6\tsix\n     7\tand a half\n     8\tline 7\n";
    assert!(message.starts_with("The file /testbed/lines.txt has been edited. Here's the result of running `cat -n` on a snippet of /testbed/lines.txt:\n     1\tline 1\n"), "{message}");
    assert!(message.contains(shown), "{message}");
    assert!(message.ends_with("    11\tline 10\nReview the changes and make sure they are as expected. Edit the file again if necessary.\n"), "{message}");
    let (message, _) = desk.run(&insert(file, 0, "first")).await;
    assert!(
        message.contains("a snippet of the edited file:\n     1\tfirst\n     2\tline 1\n"),
        "{message}"
    );
    for _ in 0..2 {
        assert_eq!(desk.run(&edit("undo_edit", file)).await.1, 0);
    }
    assert_eq!(read(desk.sandbox.as_ref(), file).await, text);
    assert_eq!(desk.run(&edit("undo_edit", file)).await.1, 18);
}

#[tokio::test]
async fn files_and_folders_are_shown_as_published() {
    let repository = Repository::new().file("a/b/c/deep.txt", "x");
    let mut desk = Desk::new(&repository).await;
    let (shown, status) = desk.run(&view("/testbed/shop/price.py", 4, 6)).await;
    let wanted = "Here's the result of running `cat -n` on /testbed/shop/price.py:\n     4\tdef total(price, count):\n     5\t    \"\"\"What so many cost together.\"\"\"\n     6\t    return price + count\n\n";
    assert_eq!((shown.as_str(), status), (wanted, 0));
    let (shown, _) = desk.run(&edit("view", "/testbed")).await;
    assert!(shown.starts_with("Here's the files and directories up to 2 levels deep in /testbed, excluding hidden items:\n/testbed\n"), "{shown}");
    assert!(
        shown.contains("/testbed/a/b\n")
            && !shown.contains("/testbed/a/b/c")
            && !shown.contains(".git"),
        "{shown}"
    );
}

#[tokio::test]
async fn links_are_followed_and_executable_files_stay_so() {
    let repository = Repository::new();
    let mut desk = Desk::new(&repository).await;
    let prepare = "printf 'echo one\\n' > run.sh; chmod +x run.sh; ln -s run.sh link.sh";
    desk.sandbox
        .exec(swemill_sandbox::Command::new(["bash", "-c", prepare]))
        .await
        .unwrap();
    assert_eq!(
        desk.run(&change("/testbed/link.sh", "one", "two")).await.1,
        0
    );
    let check = "test -L link.sh && test -x run.sh && cat run.sh";
    let output = desk
        .sandbox
        .exec(swemill_sandbox::Command::new(["bash", "-c", check]))
        .await
        .unwrap();
    assert_eq!(output.stdout.to_text(), "echo two\n");
}

#[tokio::test]
async fn tabs_become_spaces_as_in_the_published_editor() {
    let repository = Repository::new().file("tabs.py", "if x:\n\ty = 1\r\n");
    let mut desk = Desk::new(&repository).await;
    assert_eq!(
        desk.run(&change("/testbed/tabs.py", "\ty = 1", "\ty = 2"))
            .await
            .1,
        0
    );
    assert_eq!(
        read(desk.sandbox.as_ref(), "/testbed/tabs.py").await,
        "if x:\n        y = 2\n"
    );
}
