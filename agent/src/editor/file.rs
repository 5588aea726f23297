//! A file of the sandbox, as the editor finds it.

use std::path::PathBuf;

use swemill_sandbox::{Command, Error, Sandbox};

use super::text::{self, Encoding};
use super::{Refused, refuse};

/// The largest file that can be edited, in bytes.
const MOST_BYTES: usize = 16 << 20;

/// Prints what a path leads to: kind, whether it can be executed, whether its folder is there, where it really is.
const LOOK: &str = r#"
if [ -d "$1" ]; then echo folder; elif [ -e "$1" ]; then echo file; else echo missing; fi
if [ -f "$1" ] && [ -x "$1" ]; then echo yes; else echo no; fi
if [ -d "$(dirname -- "$1")" ]; then echo yes; else echo no; fi
readlink -m -- "$1"
"#;

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Missing,
    File,
    Folder,
}

#[derive(Debug)]
pub(super) struct File {
    /// As the agent names it.
    pub(super) path: String,
    pub(super) kind: Kind,
    executable: bool,
    has_parent: bool,
    /// Where it is once links are followed: writing replaces a link otherwise.
    place: PathBuf,
}

/// A file's text and how it was encoded.
pub(super) struct Content {
    pub(super) text: String,
    pub(super) encoding: Encoding,
}

impl File {
    pub(super) async fn find(sandbox: &dyn Sandbox, path: &str) -> Result<Self, Refused> {
        if path.contains('\0') {
            return refuse("embedded null byte", 1);
        }
        let look = Command::new(["/bin/sh", "-c", LOOK, "sh", path]);
        let said = sandbox.exec(look).await?.stdout.to_text();
        let mut lines = said.splitn(4, '\n');
        let mut line = || lines.next().unwrap_or_default();
        let kind = match line() {
            "folder" => Kind::Folder,
            "file" => Kind::File,
            _ => Kind::Missing,
        };
        let executable = line() == "yes";
        let has_parent = line() == "yes";
        let place = match line().trim_end_matches('\n') {
            "" => path,
            place => place,
        };
        Ok(Self {
            path: path.to_owned(),
            kind,
            executable,
            has_parent,
            place: place.into(),
        })
    }

    pub(super) async fn create(
        &self,
        sandbox: &dyn Sandbox,
        text: &str,
    ) -> Result<String, Refused> {
        let path = &self.path;
        if !self.has_parent {
            let parent = PathBuf::from(path);
            let parent = parent.parent().unwrap_or(&parent).display();
            let message =
                format!("The parent directory {parent} does not exist. Please create it first.");
            return refuse(message, 21);
        }
        self.write(sandbox, text, Encoding::Utf8).await?;
        Ok(format!("File created successfully at: {path}"))
    }

    pub(super) async fn read(&self, sandbox: &dyn Sandbox) -> Result<Content, Refused> {
        match sandbox.read(&self.place, MOST_BYTES).await {
            Ok(bytes) => {
                let (text, encoding) = text::decode(bytes);
                Ok(Content { text, encoding })
            }
            Err(Error::File { reason, .. }) => refuse(
                format!("Ran into {reason} while trying to read {}", self.path),
                19,
            ),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn write(
        &self,
        sandbox: &dyn Sandbox,
        text: &str,
        encoding: Encoding,
    ) -> Result<(), Refused> {
        let bytes = text::encode(text, encoding);
        match sandbox.write(&self.place, &bytes, self.executable).await {
            Ok(()) => Ok(()),
            Err(Error::File { reason, .. }) => refuse(
                format!("Ran into {reason} while trying to write to {}", self.path),
                20,
            ),
            Err(error) => Err(error.into()),
        }
    }
}
