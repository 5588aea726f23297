//! How a text is cut before its pieces are merged into tokens.

use tokenizers::{
    PreTokenizerWrapper, SplitDelimiterBehavior,
    pre_tokenizers::{
        byte_level::ByteLevel,
        digits::Digits,
        sequence::Sequence,
        split::{Split, SplitPattern},
    },
};

use crate::{Error, Result};

/// What models with the same `tokenizer.ggml.pre` do. The patterns are those of the published tokenizer.json files.
pub(super) struct Pieces {
    pub(super) pretokenizer: PreTokenizerWrapper,
    /// Whether texts are brought into Unicode's form C first.
    pub(super) compose: bool,
    /// Whether a piece that is a token stays one, whatever the merges say.
    pub(super) ignore_merges: bool,
}

/// Qwen2: each digit alone.
const ONE_DIGIT: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// Llama 3: digits in threes.
const THREE_DIGITS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The pieces of a `tokenizer.ggml.pre`. The names that are not known are refused: guessing gives wrong tokens without a word.
pub(super) fn pieces(name: &str) -> Result<Pieces> {
    let gpt2 = || ByteLevel::new(false, true, true);
    let (pretokenizer, compose, ignore_merges) = match name {
        "gpt-2" | "gpt2" | "default" | "olmo" => (gpt2().into(), false, false),
        "smollm" => {
            let digits = Digits::new(true);
            (
                Sequence::new(vec![digits.into(), gpt2().into()]).into(),
                false,
                false,
            )
        }
        "qwen2" => (split(ONE_DIGIT)?, true, false),
        "llama-bpe" | "llama3" | "llama-v3" => (split(THREE_DIGITS)?, false, true),
        "smaug-bpe" | "dbrx" => (split(THREE_DIGITS)?, false, false),
        other => {
            return Err(Error::Tokenizer(format!(
                "the GGUF cuts texts by the rules `{other}`, which are not known; put the model's tokenizer.json beside it"
            )));
        }
    };
    Ok(Pieces {
        pretokenizer,
        compose,
        ignore_merges,
    })
}

/// Cut by a pattern, then spelled in bytes.
fn split(pattern: &str) -> Result<PreTokenizerWrapper> {
    let pattern = SplitPattern::Regex(pattern.to_owned());
    let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false);
    let split = split.map_err(|error| Error::Tokenizer(error.to_string()))?;
    let bytes = ByteLevel::new(false, false, false);
    Ok(Sequence::new(vec![split.into(), bytes.into()]).into())
}
