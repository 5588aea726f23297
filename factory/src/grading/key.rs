//! The digest of all that decides a grade.

use sha2::{Digest as _, Sha256};
use swemill_store::instances::Instance;

/// Raised whenever the same submission may be graded otherwise: policy, tripwires, judgement.
const RULES: u32 = 1;

/// The key of a submission's grade.
pub(super) fn of(instance: &Instance, submission: &str) -> String {
    let mut tests = Sha256::new();
    for list in [&instance.fail_to_pass, &instance.pass_to_pass] {
        let mut ids: Vec<&String> = list.iter().collect();
        ids.sort();
        for id in ids {
            tests.update(id);
            tests.update([0]);
        }
        tests.update([1]);
    }
    let parts = [
        instance.id.clone(),
        instance.environment.clone(),
        hex::encode(Sha256::digest(&instance.patch)),
        hex::encode(Sha256::digest(submission)),
        hex::encode(tests.finalize()),
        harness(),
    ];
    hex::encode(Sha256::digest(parts.join("\n")))
}

/// Names the version of the harness's files and of the rules.
pub(super) fn harness() -> String {
    format!("{} {RULES}", swemill_harness::plugin::folder().display())
}
