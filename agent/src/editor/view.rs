//! `view`: a file's lines, or what is in a folder.

use swemill_sandbox::{Command, Sandbox};

use super::file::{File, Kind};
use super::{Refused, refuse, text};

pub(super) async fn view(
    sandbox: &dyn Sandbox,
    file: &File,
    range: Option<(i64, i64)>,
) -> Result<String, Refused> {
    if file.kind == Kind::Folder {
        return folder(sandbox, &file.path, range.is_some()).await;
    }
    let content = file.read(sandbox).await?.text;
    let Some(range) = range else {
        return Ok(text::numbered(&content, &file.path, 1));
    };
    let lines: Vec<&str> = content.split('\n').collect();
    let (first, last) = within(range, lines.len())?;
    let shown = lines[first - 1..last].join("\n");
    Ok(text::numbered(&shown, &file.path, first))
}

async fn folder(sandbox: &dyn Sandbox, path: &str, ranged: bool) -> Result<String, Refused> {
    if ranged {
        let message =
            "The `view_range` parameter is not allowed when `path` points to a directory.";
        return refuse(message, 10);
    }
    let find = ["find", path, "-maxdepth", "2", "-not", "-path", r"*/\.*"];
    let output = sandbox.exec(Command::new(find)).await?;
    if output.stderr != swemill_sandbox::Stream::default() {
        return Ok(String::new());
    }
    let found = output.stdout.to_text();
    Ok(format!(
        "Here's the files and directories up to 2 levels deep in {path}, excluding hidden items:\n{found}\n"
    ))
}

/// The lines of a range, counted from 1, both ends included; a range that leads nowhere is refused.
fn within((first, last): (i64, i64), lines: usize) -> Result<(usize, usize), Refused> {
    let count = i64::try_from(lines).unwrap_or(i64::MAX);
    let invalid = |what: String, status| {
        refuse(
            format!("Invalid `view_range`: [{first}, {last}]. {what}"),
            status,
        )
    };
    if first < 1 || first > count {
        let what = format!(
            "Its first element `{first}` should be within the range of lines of the file: [1, {count}]"
        );
        return invalid(what, 12);
    }
    if last > count {
        let what = format!(
            "Its second element `{last}` should be smaller than the number of lines in the file: `{count}`"
        );
        return invalid(what, 13);
    }
    if last != -1 && last < first {
        let what = format!(
            "Its second element `{last}` should be larger or equal than its first `{first}`"
        );
        return invalid(what, 14);
    }
    let last = if last == -1 { count } else { last };
    let line = |number: i64| usize::try_from(number).expect("between 1 and the number of lines");
    Ok((line(first), line(last)))
}
