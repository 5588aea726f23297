//! Every file of a repository, told by the system's own programs.

use std::collections::BTreeMap;

use swemill_sandbox::{Command, Sandbox};

use super::PatchError;

/// A file that is no folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Whether it is a plain file.
    pub(super) is_plain: bool,
    pub(super) executable: bool,
    pub(super) bytes: u64,
    /// SHA-256 of its content, or where it leads to.
    content: Vec<u8>,
}

/// Files by their paths below the repository's folder.
pub(super) type Listing = BTreeMap<Vec<u8>, Entry>;

/// Prints kind, mode, size, target and path of everything, and then digest and path of all plain files, each field ended by
/// a null byte. `.git` is a repository's own and no part of it. An empty field divides the two, and one ends them.
const LIST: &str = r#"
set -o pipefail
cd -- "$1" || exit 3
exec >&"$SWEMILL_CHANNEL"
/usr/bin/find . -name .git -prune -o ! -type d -printf '%y\0%m\0%s\0%l\0%P\0' || exit 4
printf '\0'
/usr/bin/find . -name .git -prune -o -type f -readable -print0 | /usr/bin/xargs -0 -r /usr/bin/sha256sum -z -- || exit 5
printf '\0'
"#;

pub(super) async fn of(sandbox: &dyn Sandbox, root: &str) -> Result<Listing, PatchError> {
    let words = [
        "/bin/bash",
        "--norc",
        "--noprofile",
        "-c",
        LIST,
        "bash",
        root,
    ];
    let command = Command::new(words)
        .variable("BASH_ENV", "")
        .variable("LC_ALL", "C")
        .variable("PATH", "/usr/bin:/bin")
        .working_directory("/")
        .channel(Vec::new());
    let output = sandbox.exec(command).await?;
    if !output.success() {
        return Err(PatchError::Listing {
            root: root.to_owned(),
            reason: format!("{:?}: {}", output.ending, output.stderr.to_text()),
        });
    }
    parse(&output.channel).ok_or_else(|| PatchError::Listing {
        root: root.to_owned(),
        reason: "what was listed makes no sense".to_owned(),
    })
}

fn parse(bytes: &[u8]) -> Option<Listing> {
    let mut fields = bytes.split(|byte| *byte == 0);
    let mut listing = Listing::new();
    loop {
        let kind = fields.next()?;
        if kind.is_empty() {
            break;
        }
        let mode = std::str::from_utf8(fields.next()?).ok()?;
        let mode = u32::from_str_radix(mode, 8).ok()?;
        let size = std::str::from_utf8(fields.next()?).ok()?;
        let entry = Entry {
            is_plain: kind == b"f",
            executable: kind == b"f" && mode & 0o111 != 0,
            bytes: size.parse().ok()?,
            content: fields.next()?.to_vec(),
        };
        listing.insert(fields.next()?.to_vec(), entry);
    }
    loop {
        let line = fields.next()?;
        if line.is_empty() {
            // What follows the last null byte, which has to be there.
            return fields.next().map(|_| listing);
        }
        // `digest␣␣./path`
        if let Some((digest, path)) = line.split_at_checked(64)
            && let Some(path) = path.strip_prefix(b"  ./")
            && let Some(entry) = listing.get_mut(path)
        {
            entry.content = digest.to_vec();
        }
    }
}

/// The path as text, if a diff can name it without quoting.
pub(super) fn plain_name(path: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(path).ok()?;
    let is_plain = |character: char| !character.is_control() && !"\"\\".contains(character);
    (name.chars().all(is_plain) && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_that_breaks_off_is_no_listing() {
        let whole = b"f\x00644\x005\x00\x00a.py\x00\x00\x00";
        assert_eq!(parse(whole).unwrap().len(), 1);
        for end in 0..whole.len() {
            assert!(parse(&whole[..end]).is_none(), "{end}");
        }
    }
}
