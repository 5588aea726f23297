//! When two patches are the same.

use sha2::{Digest as _, Sha256};

/// A digest of what a patch changes: the same for patches that differ in blob names and in line numbers alone.
pub(super) fn digest(patch: &str) -> [u8; 32] {
    let mut digest = Sha256::new();
    for line in patch.lines() {
        // Lines of files begin with a blank, `+` or `-`: these are headers.
        if line.starts_with("index ") {
            continue;
        }
        let line = if line.starts_with("@@ ") { "@@" } else { line };
        digest.update(line.trim_end());
        digest.update("\n");
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str = "diff --git a/a.py b/a.py\nindex 1..2 100644\n--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@ def f():\n x\n-y\n+z\n";

    #[test]
    fn only_changes_count() {
        let renumbered = PATCH
            .replace("index 1..2 100644", "index 7..8 100644")
            .replace("@@ -1,2 +1,2 @@ def f():", "@@ -5,2 +5,2 @@");
        assert_eq!(digest(PATCH), digest(&renumbered));
        assert_ne!(digest(PATCH), digest(&PATCH.replace("+z", "+w")));
        assert_ne!(digest(PATCH), digest(&PATCH.replace("b/a.py", "b/b.py")));
        assert_ne!(digest(PATCH), digest(&PATCH.replace("-y\n+z", "+z\n-y")));
    }
}
