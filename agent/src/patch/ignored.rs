//! Files that git would not take: what the repository's own `.gitignore` files name and git does not track.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use swemill_sandbox::{Command, Error, Sandbox};

use super::{Listing, PatchError};

/// What running Python and its tests leaves, whatever the repository says.
const LEFTOVERS: &[&str] = &[
    "__pycache__/",
    "*.py[co]",
    ".pytest_cache/",
    ".mypy_cache/",
    ".ruff_cache/",
    ".hypothesis/",
    ".coverage",
    ".coverage.*",
];
/// The largest `.gitignore`, in bytes.
const MOST_BYTES: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Ignored {
    /// Of each folder with rules, the innermost first.
    rules: Vec<(PathBuf, Gitignore)>,
    tracked: BTreeSet<Vec<u8>>,
}

impl Ignored {
    /// The rules of a repository that no agent has touched.
    pub(super) async fn of(
        fresh: &dyn Sandbox,
        root: &str,
        listing: &Listing,
    ) -> Result<Self, PatchError> {
        let mut rules = Vec::new();
        for path in listing.keys() {
            let Ok(path) = std::str::from_utf8(path) else {
                continue;
            };
            if Path::new(path)
                .file_name()
                .is_some_and(|name| name == ".gitignore")
            {
                let place = Path::new(root).join(path);
                let text = match fresh.read(&place, MOST_BYTES).await {
                    Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                    Err(Error::File { .. }) => continue,
                    Err(error) => return Err(error.into()),
                };
                let folder = Path::new(path).parent().unwrap_or(Path::new(""));
                rules.push((folder.to_path_buf(), build(folder, text.lines())));
            }
        }
        rules.push((
            PathBuf::new(),
            build(Path::new(""), LEFTOVERS.iter().copied()),
        ));
        rules.sort_by_key(|(folder, _)| std::cmp::Reverse(folder.components().count()));
        let tracked = tracked(fresh, root).await?;
        Ok(Self { rules, tracked })
    }

    /// Whether git would leave a file out.
    pub(super) fn covers(&self, path: &[u8]) -> bool {
        let Ok(name) = std::str::from_utf8(path) else {
            return false;
        };
        if self.tracked.contains(path) {
            return false;
        }
        let path = Path::new(name);
        let mut decided = self
            .rules
            .iter()
            .filter(|(folder, _)| path.starts_with(folder));
        decided
            .find_map(
                |(_, rules)| match rules.matched_path_or_any_parents(path, false) {
                    ignore::Match::None => None,
                    decision => Some(decision.is_ignore()),
                },
            )
            .unwrap_or(false)
    }
}

fn build<'a>(folder: &Path, lines: impl Iterator<Item = &'a str>) -> Gitignore {
    let mut builder = GitignoreBuilder::new(folder);
    for line in lines {
        if let Err(error) = builder.add_line(None, line) {
            tracing::debug!(%error, "git would ignore this rule, too");
        }
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// The files that git tracks in a repository that no agent has touched; none where it is no git repository.
async fn tracked(fresh: &dyn Sandbox, root: &str) -> Result<BTreeSet<Vec<u8>>, PatchError> {
    const TRACKED: &str =
        r#"exec /usr/bin/git -c safe.directory='*' -C "$1" ls-files -z >&"$SWEMILL_CHANNEL""#;
    let words = [
        "/bin/bash",
        "--norc",
        "--noprofile",
        "-c",
        TRACKED,
        "bash",
        root,
    ];
    let output = fresh.exec(Command::new(words).channel(Vec::new())).await?;
    let paths = output.channel.split(|byte| *byte == 0);
    Ok(paths
        .filter(|path| !path.is_empty())
        .map(<[u8]>::to_vec)
        .collect())
}
