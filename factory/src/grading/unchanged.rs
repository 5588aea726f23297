//! Whether the files of the tests are at the end of a run what they were at its start.
//!
//! Tested code can write to them before they are read, and lives in the process that reads them: whoever also puts
//! them back is not seen here.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest as _, Sha256};
use swemill_sandbox::{Command, Error, Sandbox};

use super::runs::Files;
use super::tripwire::Tripwires;
use crate::failure::StageError;
use crate::machine::Loaded;
use crate::seal::node_id::file_of;
use crate::seal::view::Entry;

/// The programs of the system, in folders that nobody inside can write to, say what is there.
const SUMS: [&str; 5] = ["/usr/bin/xargs", "-0", "/usr/bin/sha256sum", "--zero", "--"];

/// The Python files of the tests, by path, with their digests.
#[derive(Debug)]
pub(super) struct Tests {
    digests: BTreeMap<String, String>,
}

impl Tests {
    /// Those of an environment and the tripwires, but for what is written over by `files`.
    pub(super) fn of(
        loaded: &Loaded,
        files: &Files,
        tripwires: &Tripwires,
    ) -> Result<Self, StageError> {
        let unreadable = |error: std::io::Error| {
            StageError::infra(format!("cannot read the files of the tests: {error}"))
        };
        let view = loaded.view()?;
        let all = view.walk(&|name| name == ".git").map_err(unreadable)?;
        let tested = loaded.baseline.tests.keys();
        let tested: std::collections::BTreeSet<&str> = tested.map(|id| file_of(id)).collect();
        let mut digests = BTreeMap::new();
        for (path, entry) in all {
            let (Some(path), Entry::File { place, .. }) = (path.to_str(), entry) else {
                continue;
            };
            let is_python = Path::new(path)
                .extension()
                .is_some_and(|ending| ending == "py");
            let is_test =
                tested.contains(path) || swemill_mutation::is_test_path(&loaded.tree, path);
            if is_python && is_test && !files.contains_key(path) {
                digests.insert(
                    path.to_owned(),
                    digest(&std::fs::read(place).map_err(unreadable)?),
                );
            }
        }
        for (path, text) in &tripwires.files {
            digests.insert(path.clone(), digest(text.as_bytes()));
        }
        Ok(Self { digests })
    }

    /// The first file that is no longer what it was. None as well where the system lacks the programs to tell.
    pub(super) async fn changed(
        &self,
        sandbox: &dyn Sandbox,
        testbed: &Path,
    ) -> Result<Option<String>, StageError> {
        let paths: Vec<&str> = self.digests.keys().map(String::as_str).collect();
        let command = Command::new(SUMS)
            .working_directory(testbed)
            .stdin(paths.join("\0"));
        let output = match sandbox.exec(command).await {
            Err(Error::Spawn { .. }) => return Ok(None),
            output => output?,
        };
        if output.stdout.dropped > 0 {
            return Ok(None);
        }
        let told = [output.stdout.head, output.stdout.tail].concat();
        let told = String::from_utf8_lossy(&told);
        let sums: BTreeMap<&str, &str> = told
            .split('\0')
            .filter_map(|line| line.split_once("  ").map(|(sum, path)| (path, sum)))
            .collect();
        let changed = self
            .digests
            .iter()
            .find(|(path, digest)| sums.get(path.as_str()) != Some(&digest.as_str()));
        Ok(changed.map(|(path, _)| path.clone()))
    }
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
