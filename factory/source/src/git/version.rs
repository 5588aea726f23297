//! A version from tags, for tools that would ask git for one (`setuptools_scm` and its like).

use git2::{DescribeFormatOptions, DescribeOptions, Oid, Repository};
use pep440_rs::Version;

/// The version of a commit of a repository with its history: that of its tag, or of the next release.
pub(super) fn described(repository: &Repository, commit: Oid) -> Option<String> {
    let mut format = DescribeFormatOptions::new();
    format.always_use_long_format(true).abbreviated_size(12);
    let object = repository.find_object(commit, None).ok()?;
    let text = object
        .describe(DescribeOptions::new().describe_tags())
        .and_then(|found| found.format(Some(&format)))
        .ok()?;
    let (rest, _) = text.rsplit_once("-g")?;
    let (tag, distance) = rest.rsplit_once('-')?;
    let version = tag_version(tag)?;
    match distance.parse().ok()? {
        0_u64 => Some(version.to_string()),
        distance => Some(following(&version, distance, commit)),
    }
}

/// The same where only the tags are known and not the history between: a commit with no tag of its own
/// counts as coming after the newest release.
pub(super) fn advertised(advertised: &[(String, Oid)], commit: Oid) -> Option<String> {
    let tags = |own: Option<Oid>| {
        advertised
            .iter()
            .filter(move |(_, oid)| own.is_none_or(|own| own == *oid))
            .filter_map(|(name, _)| {
                tag_version(name.strip_prefix("refs/tags/")?.trim_end_matches("^{}"))
            })
            .max()
    };
    if let Some(version) = tags(Some(commit)) {
        return Some(version.to_string());
    }
    Some(following(&tags(None)?, 0, commit))
}

/// A development version of the release after this one, in `setuptools_scm`'s manner.
fn following(version: &Version, distance: u64, commit: Oid) -> String {
    let mut release: Vec<u64> = version.release().to_vec();
    if !version.any_prerelease()
        && let Some(last) = release.last_mut()
    {
        *last = last.saturating_add(1);
    }
    let release: Vec<String> = release.iter().map(ToString::to_string).collect();
    let short: String = commit.to_string().chars().take(8).collect();
    format!("{}.dev{distance}+g{short}", release.join("."))
}

/// The version in a tag's name: `1.2`, `v1.2`, `release-1.2`, `name/v1.2`.
fn tag_version(tag: &str) -> Option<Version> {
    let starts = tag.char_indices().filter(|(at, c)| {
        let before = tag[..*at].chars().next_back();
        c.is_ascii_digit() && before.is_none_or(|before| !before.is_ascii_digit() && before != '.')
    });
    starts
        .filter(|(at, _)| {
            let before = tag[..*at].trim_end_matches(['v', 'V']);
            before.is_empty()
                || before.ends_with(|c: char| !c.is_ascii_alphanumeric())
                || before == "r"
                || before == "release"
        })
        .find_map(|(at, _)| tag[at..].parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_the_usual_names_of_tags() {
        let read = |tag: &str| tag_version(tag).map(|version| version.to_string());
        assert_eq!(read("1.2.3").as_deref(), Some("1.2.3"));
        assert_eq!(read("v1.2.3rc1").as_deref(), Some("1.2.3rc1"));
        assert_eq!(read("release-2.0").as_deref(), Some("2.0"));
        assert_eq!(read("name/v0.1").as_deref(), Some("0.1"));
        assert_eq!(read("nightly"), None);
        assert_eq!(read("py36-support"), None);
    }

    #[test]
    fn a_commit_without_a_tag_comes_before_the_next_release() {
        let (tagged, other) = (
            Oid::from_bytes(&[1; 20]).unwrap(),
            Oid::from_bytes(&[2; 20]).unwrap(),
        );
        let seen = [
            ("refs/tags/v1.9".to_owned(), tagged),
            ("refs/tags/v1.10.0".to_owned(), tagged),
        ];
        assert_eq!(advertised(&seen, tagged).as_deref(), Some("1.10.0"));
        assert_eq!(
            advertised(&seen, other).as_deref(),
            Some("1.10.1.dev0+g02020202")
        );
        assert_eq!(advertised(&[], other), None);
    }
}
