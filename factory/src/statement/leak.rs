//! Keeping the edit out of the text.

/// The lines that a patch adds or removes, without surrounding space; lines too short to mean anything
/// (`pass`, `else:`, a bracket) are left out.
pub fn changed_lines(patch: &str) -> Vec<&str> {
    const TELLING: usize = 8;
    let body = patch
        .lines()
        .filter(|line| !line.starts_with("+++") && !line.starts_with("---"));
    body.filter_map(|line| line.strip_prefix(['+', '-']))
        .map(str::trim)
        .filter(|line| line.len() >= TELLING && line.contains(char::is_alphanumeric))
        .collect()
}

/// Whether the text shows a changed line.
pub fn leaks(text: &str, patch: &str) -> bool {
    let changed = changed_lines(patch);
    text.lines().any(|line| {
        let line = line.trim().trim_start_matches(['>', 'E']).trim();
        changed.iter().any(|changed| line.contains(changed))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str = "--- a/m.py\n+++ b/m.py\n@@ -1,3 +1,3 @@\n def f(a):\n-    return a + 1\n+    return a - 1\n";

    #[test]
    fn a_changed_line_is_recognised_inside_a_traceback() {
        assert!(leaks(">       return a - 1\nE       TypeError", PATCH));
        assert!(leaks("it says `return a + 1`", PATCH));
        assert!(!leaks("f(3) gives 2", PATCH));
    }

    #[test]
    fn file_headers_are_not_changes() {
        assert_eq!(changed_lines(PATCH), ["return a + 1", "return a - 1"]);
    }
}
