//! One row of a data set: SWE-smith's columns, then where the row comes from.

use serde::Serialize;

/// A task instance as SWE-smith writes it (its `harness/gather.py`; `patch` introduces the bug, the fix is
/// its reverse), followed by provenance columns. Nothing in a row depends on when or how fast it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// `<owner>__<name>.<commit8>.<strategy>__<hash8>`.
    pub instance_id: String,
    /// `<owner>__<name>.<commit8>`.
    pub repo: String,
    /// The diff that breaks the code.
    pub patch: String,
    /// Tests that the break fails and its reverse mends.
    #[serde(rename = "FAIL_TO_PASS")]
    pub fail_to_pass: Vec<String>,
    /// Tests that pass with and without the break.
    #[serde(rename = "PASS_TO_PASS")]
    pub pass_to_pass: Vec<String>,
    /// Names the environment, in the shape of SWE-smith's image names.
    pub image_name: String,
    /// What a user would report.
    pub problem_statement: String,
    /// The commit that the patch applies to.
    pub base_commit: String,
    /// How the code was broken.
    pub strategy: String,
    /// The broken file.
    pub file: String,
    /// The broken function, method or class.
    pub entity: String,
    /// The first changed line.
    pub line: i32,
    /// What sampled the candidate.
    pub seed: i64,
    /// Where the repository comes from.
    pub source: String,
    /// SPDX expression, empty where none was found.
    pub licence: String,
    /// The style of the problem statement.
    pub statement_style: String,
    /// The environment's content digest.
    pub environment_digest: String,
    /// The Python of the environment.
    pub python_version: String,
    /// Runs that agreed on the lists.
    pub confirmations: i32,
    /// The version of swemill that validated it.
    pub swemill_version: String,
}
