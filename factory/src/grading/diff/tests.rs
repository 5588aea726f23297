use super::*;

fn applied(original: &str, patch: &str) -> Result<String, String> {
    let files = parse(patch).map_err(|error| error.to_string())?;
    let bytes = apply(original.as_bytes(), &files[0].hunks).map_err(|error| error.to_string())?;
    Ok(String::from_utf8(bytes).unwrap())
}

const FILE: &str = "a\nb\nc\nd\ne\nf\ng\nh\n";
const PATCH: &str = "--- a/x\n+++ b/x\n@@ -3,3 +3,3 @@\n c\n-d\n+D\n e\n";

#[test]
fn a_hunk_is_found_where_it_says_and_where_lines_were_added_before() {
    assert_eq!(applied(FILE, PATCH).unwrap(), "a\nb\nc\nD\ne\nf\ng\nh\n");
    let later = format!("1\n2\n3\n{FILE}");
    assert_eq!(
        applied(&later, PATCH).unwrap(),
        "1\n2\n3\na\nb\nc\nD\ne\nf\ng\nh\n"
    );
}

#[test]
fn changed_surroundings_are_forgiven_and_changed_lines_are_not() {
    assert_eq!(
        applied("a\nb\nX\nd\nY\n", PATCH).unwrap(),
        "a\nb\nX\nD\nY\n"
    );
    let error = applied("a\nb\nc\nX\ne\n", PATCH).unwrap_err();
    assert!(error.contains("hunk 1, at line 3"), "{error}");
}

#[test]
fn the_end_of_a_file_is_as_the_patch_says() {
    let without = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n";
    assert_eq!(applied("a", without).unwrap(), "b");
    let adds = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n";
    assert_eq!(applied("a", adds).unwrap(), "a\n");
}

#[test]
fn line_ends_are_kept_and_restored_where_the_patch_lost_them() {
    let exact = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-a\r\n+A\r\n b\r\n";
    assert_eq!(applied("a\r\nb\r\n", exact).unwrap(), "A\r\nb\r\n");
    let lost = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-a\n+A\n b\n";
    assert_eq!(applied("a\r\nb\r\n", lost).unwrap(), "A\r\nb\r\n");
}

#[test]
fn new_deleted_renamed_and_quoted_files_are_told_apart() {
    let patch = "\
diff --git a/new.py b/new.py
new file mode 100755
index 0000000..1
--- /dev/null
+++ b/new.py
@@ -0,0 +1 @@
+x
diff --git a/gone.py b/gone.py
deleted file mode 100644
--- a/gone.py
+++ /dev/null
@@ -1 +0,0 @@
-x
diff --git a/old name.py b/new name.py
similarity index 100%
rename from old name.py
rename to new name.py
diff --git \"a/\\303\\274.py\" \"b/\\303\\274.py\"
old mode 100644
new mode 100755
diff --git a/pic.png b/pic.png
index 1..2 100644
Binary files a/pic.png and b/pic.png differ
diff --git a/empty.py b/empty.py
new file mode 100644
index 0000000..e69de29
";
    let files = parse(patch).unwrap();
    assert_eq!(files.len(), 6);
    assert_eq!(
        (files[0].old.as_deref(), files[0].path(), files[0].new_mode),
        (None, "new.py", Some(0o100_755))
    );
    assert_eq!(
        (files[1].new.as_deref(), files[1].path()),
        (None, "gone.py")
    );
    assert!(files[2].is_rename());
    assert_eq!(
        (files[2].old.as_deref(), files[2].path()),
        (Some("old name.py"), "new name.py")
    );
    assert_eq!(
        (files[3].path(), files[3].new_mode),
        ("ü.py", Some(0o100_755))
    );
    assert!(files[4].is_binary);
    assert_eq!(
        (files[5].old.as_deref(), files[5].path()),
        (None, "empty.py")
    );
}

#[test]
fn text_that_is_no_diff_is_refused_with_its_line() {
    assert_eq!(parse("hello\n").unwrap_err().line, 1);
    let short = "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n";
    assert_eq!(
        parse(short).unwrap_err().problem,
        "the patch ends in a hunk"
    );
    let wrong = "--- a/x\n+++ b/x\n@@ -1 +1 @@\nfoo\n";
    assert_eq!(parse(wrong).unwrap_err().line, 4);
}

#[test]
fn every_break_that_swemill_writes_is_read_alike_by_both_modules() {
    let patch = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,5 +1,4 @@\n a\n b\n-c\n d\n e\n";
    let strict = swemill_mutation::patch::apply(FILE, patch).unwrap();
    assert_eq!(applied(FILE, patch).unwrap(), strict);
}
