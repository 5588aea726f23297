use std::process::Command;

use proptest::prelude::*;

use super::{Lines, apply, parse, render, reverse};
use crate::operator::Edit;

/// A file of few distinct lines, so that diffs find them moved and repeated; some end in `\r\n`, and the last
/// may lack its newline.
fn file() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("a = 1"),
        Just("b = 2"),
        Just("    return 'ä'"),
        Just(""),
        Just("\\ No newline"),
        Just("--- a/file"),
        Just("@@ -1 +1 @@"),
    ];
    let end = prop_oneof![3 => Just("\n"), 1 => Just("\r\n")];
    let lines = prop::collection::vec((line, end), 1..40);
    (lines, any::<bool>()).prop_map(|(lines, is_cut)| {
        let mut text: String = lines
            .into_iter()
            .flat_map(|(line, end)| [line, end])
            .collect();
        if is_cut {
            text.pop();
        }
        text
    })
}

/// A file, edits of it in order and without overlap, and what they make of it.
fn edited() -> impl Strategy<Value = (String, Vec<Edit<'static>>, String)> {
    let text = prop_oneof![
        Just(""),
        Just("x"),
        Just("\n"),
        Just("a = 1\n"),
        Just("y\r\nz\n\n")
    ];
    let cut = (any::<prop::sample::Index>(), text);
    (file(), prop::collection::vec(cut, 1..5), any::<bool>()).prop_map(|(source, cuts, wide)| {
        let borders: Vec<usize> = source.char_indices().map(|(at, _)| at).collect();
        let mut places: Vec<(usize, &str)> = cuts
            .iter()
            .filter(|_| !borders.is_empty())
            .map(|(index, text)| (borders[index.index(borders.len())], *text))
            .collect();
        places.sort_unstable();
        places.dedup_by_key(|(at, _)| *at);
        let edits: Vec<Edit<'static>> = places
            .chunks(2)
            .map(|pair| {
                let end = match pair {
                    [_, last] if wide => last.0,
                    [first, ..] => {
                        first.0 + source[first.0..].chars().next().map_or(0, char::len_utf8)
                    }
                    [] => 0,
                };
                Edit::replace(pair[0].0..end, pair[0].1)
            })
            .collect();
        let mut result = source.clone();
        for edit in edits.iter().rev() {
            result.replace_range(edit.range.clone(), &edit.text);
        }
        (source, edits, result)
    })
}

fn patch_of(source: &str, edits: &[Edit<'_>]) -> String {
    render("a folder/file.py", source, &Lines::of(source), edits)
}

proptest! {
    #[test]
    fn a_patch_makes_the_edits_and_its_reverse_takes_them_back((source, edits, result) in edited()) {
        prop_assume!(source != result);
        let patch = patch_of(&source, &edits);
        prop_assert_eq!(apply(&source, &patch), Ok(result.clone()), "{}", patch);
        let back = reverse(&patch).unwrap();
        prop_assert_eq!(apply(&result, &back), Ok(source), "{}", back);
        prop_assert_eq!(reverse(&back).unwrap(), patch);
    }

    #[test]
    fn a_patch_of_another_file_is_refused((source, edits, result) in edited(), at in any::<prop::sample::Index>()) {
        prop_assume!(source != result);
        let patch = patch_of(&source, &edits);
        let removed: Vec<usize> = patch
            .lines()
            .enumerate()
            .skip(3)
            .filter(|(_, line)| line.starts_with([' ', '-']))
            .map(|(place, _)| place)
            .collect();
        prop_assume!(!removed.is_empty());
        let place = removed[at.index(removed.len())];
        let mut other = String::new();
        for (number, line) in patch.split_inclusive('\n').enumerate() {
            let (mark, text) = line.split_at(usize::from(number == place));
            other.extend([mark, if number == place { "~" } else { "" }, text]);
        }
        prop_assert!(apply(&source, &other).is_err(), "{}", other);
    }

    #[test]
    fn no_text_makes_the_reader_panic((source, edits, _) in edited(), from in any::<prop::sample::Index>(), length in 0_usize..30) {
        let patch = patch_of(&source, &edits);
        let borders: Vec<usize> = patch.char_indices().map(|(at, _)| at).chain([patch.len()]).collect();
        let from = from.index(borders.len());
        let to = (from + length).min(borders.len() - 1);
        let torn = format!("{}{}", &patch[..borders[from]], &patch[borders[to]..]);
        let _ = (parse(&torn), reverse(&torn), apply(&source, &torn));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn git_makes_of_a_patch_what_we_make_of_it((source, edits, result) in edited()) {
        prop_assume!(source != result);
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a folder");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("file.py"), &source).unwrap();
        let patch = patch_of(&source, &edits);
        std::fs::write(root.path().join("diff"), &patch).unwrap();
        let git = |arguments: &[&str]| {
            let status = Command::new("git")
                .args(arguments)
                .current_dir(root.path())
                .status()
                .expect("these tests need git");
            status.success().then(|| std::fs::read_to_string(folder.join("file.py")).unwrap())
        };
        prop_assert_eq!(git(&["apply", "--whitespace=nowarn", "diff"]), Some(result), "{}", patch);
        prop_assert_eq!(git(&["apply", "--whitespace=nowarn", "-R", "diff"]), Some(source), "{}", patch);
    }
}
