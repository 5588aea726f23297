//! What this machine's own system says about its release and where its packages come from.

use std::fs;
use std::path::Path;

/// The code name of the release, such as `bookworm`, from `/etc/os-release`.
pub(super) fn code_name() -> Option<String> {
    let text = fs::read_to_string("/etc/os-release").ok()?;
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.trim_matches('"').to_owned())
    };
    value("VERSION_CODENAME=").filter(|name| !name.is_empty())
}

/// The mirror that this machine gets a release's packages from, by apt's sources; `None` when apt does not say.
pub(super) fn mirror(suite: &str) -> Option<String> {
    let mut files = vec![Path::new("/etc/apt/sources.list").to_path_buf()];
    let folder = fs::read_dir("/etc/apt/sources.list.d")
        .into_iter()
        .flatten()
        .flatten();
    let mut more: Vec<_> = folder.map(|entry| entry.path()).collect();
    more.sort();
    files.extend(more);
    files
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .find_map(|text| mirror_in(&text, suite))
}

/// In apt's old format a line a source, in its new one (deb822) a paragraph.
fn mirror_in(text: &str, suite: &str) -> Option<String> {
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'));
    let mut old = lines.clone().filter_map(|line| {
        let mut words = line.strip_prefix("deb ")?.trim_start();
        if words.starts_with('[') {
            words = words.split_once(']')?.1;
        }
        let mut words = words.split_whitespace();
        let mirror = words.next()?;
        (words.next()? == suite).then(|| mirror.to_owned())
    });
    old.next().or_else(|| {
        text.split("\n\n").find_map(|paragraph| {
            let field = |name: &str| {
                let line = paragraph.lines().find_map(|line| line.strip_prefix(name))?;
                Some(line.split_whitespace())
            };
            let of_suite = field("Suites:")?.any(|named| named == suite);
            let binary = field("Types:")?.any(|kind| kind == "deb");
            let mirror = field("URIs:")?.next()?;
            (of_suite && binary).then(|| mirror.to_owned())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_of_the_old_format_is_found() {
        let text = "# deb http://no stable main\ndeb [signed-by=/k arch=amd64] http://mirror/debian stable main\n";
        assert_eq!(
            mirror_in(text, "stable").as_deref(),
            Some("http://mirror/debian")
        );
        assert_eq!(mirror_in(text, "testing"), None);
    }

    #[test]
    fn a_source_of_the_new_format_is_found_among_others() {
        let text = "Types: deb\nURIs: http://other/node\nSuites: nodistro\n\n\
                    Types: deb deb-src\n# a remark\nURIs: http://mirror/debian http://second\nSuites: stable stable-updates\n";
        assert_eq!(
            mirror_in(text, "stable").as_deref(),
            Some("http://mirror/debian")
        );
    }
}
