//! The tokenizer in a GGUF's metadata.

use serde_json::{Map, Value};
use tokenizers::{
    AddedToken, Tokenizer,
    decoders::byte_level::ByteLevel as ByteLevelDecoder,
    models::bpe::{BPE, Vocab},
    normalizers::unicode::NFC,
    processors::template::TemplateProcessing,
};

use super::pretokenizer;
use crate::{Error, Result};

/// ggml's numbers for the types of tokens.
const CONTROL: u64 = 3;
const USER_DEFINED: u64 = 4;

/// Builds the tokenizer, or says what of it is not supported.
pub(super) fn build(metadata: &Map<String, Value>) -> Result<Tokenizer> {
    let text = |key: &str| metadata.get(key).and_then(Value::as_str);
    let model = text("tokenizer.ggml.model").unwrap_or("none");
    if model != "gpt2" {
        return Err(Error::Tokenizer(format!(
            "the GGUF holds one of the kind `{model}`; only byte-level BPE (`gpt2`) can be built from a GGUF: put the model's tokenizer.json beside it"
        )));
    }
    let pieces = pretokenizer::pieces(text("tokenizer.ggml.pre").unwrap_or("default"))?;
    let tokens = texts(metadata, "tokenizer.ggml.tokens")?;
    let bpe = BPE::builder()
        .vocab_and_merges(vocabulary(&tokens)?, merges(metadata)?)
        .ignore_merges(pieces.ignore_merges)
        .build()
        .map_err(|error| {
            Error::Tokenizer(format!(
                "its vocabulary and merges do not fit together ({error})"
            ))
        })?;
    let mut tokenizer = Tokenizer::new(bpe);
    if pieces.compose {
        let composed = tokenizer.with_normalizer(Some(NFC));
        composed.map_err(|error| Error::Tokenizer(error.to_string()))?;
    }
    tokenizer.with_pre_tokenizer(Some(pieces.pretokenizer));
    tokenizer.with_decoder(Some(ByteLevelDecoder::new(false, true, true)));
    add_special(&mut tokenizer, metadata, &tokens)?;
    if let Some(first) = first_token(metadata, &tokens) {
        let template = TemplateProcessing::builder()
            .try_single(format!("{first}:0 $A:0"))
            .and_then(|builder| builder.try_pair(format!("{first}:0 $A:0 {first}:1 $B:1")))
            .map(|builder| {
                builder
                    .special_tokens(vec![(first.to_owned(), id_of(metadata, "bos"))])
                    .clone()
            });
        let template =
            template.and_then(|builder| builder.build().map_err(|error| error.to_string()));
        tokenizer.with_post_processor(Some(template.map_err(Error::Tokenizer)?));
    }
    Ok(tokenizer)
}

/// Tokens that are matched as they are spelled, before anything is cut.
fn add_special(
    tokenizer: &mut Tokenizer,
    metadata: &Map<String, Value>,
    tokens: &[&str],
) -> Result<()> {
    let Some(Value::Array(types)) = metadata.get("tokenizer.ggml.token_type") else {
        return Ok(());
    };
    let of_type = |wanted: u64| {
        let pairs = tokens.iter().zip(types);
        let found = pairs.filter(move |(_, kind)| kind.as_u64() == Some(wanted));
        found.map(move |(token, _)| AddedToken::from(*token, wanted == CONTROL).normalized(false))
    };
    let failed = |error: tokenizers::Error| Error::Tokenizer(error.to_string());
    tokenizer
        .add_special_tokens(of_type(CONTROL).collect::<Vec<_>>())
        .map_err(failed)?;
    tokenizer
        .add_tokens(of_type(USER_DEFINED).collect::<Vec<_>>())
        .map_err(failed)?;
    Ok(())
}

/// The token that goes before every text, where the model has one.
fn first_token<'a>(metadata: &Map<String, Value>, tokens: &[&'a str]) -> Option<&'a str> {
    let added = metadata
        .get("tokenizer.ggml.add_bos_token")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let first = metadata
        .get("tokenizer.ggml.bos_token_id")
        .and_then(Value::as_u64)?;
    let first = usize::try_from(first).ok()?;
    if added {
        tokens.get(first).copied()
    } else {
        None
    }
}

fn id_of(metadata: &Map<String, Value>, which: &str) -> u32 {
    let id = metadata
        .get(&format!("tokenizer.ggml.{which}_token_id"))
        .and_then(Value::as_u64);
    id.and_then(|id| u32::try_from(id).ok()).unwrap_or(0)
}

fn vocabulary(tokens: &[&str]) -> Result<Vocab> {
    let numbered = (0u32..)
        .zip(tokens)
        .map(|(id, token)| ((*token).to_owned(), id));
    let vocabulary: Vocab = numbered.collect();
    if vocabulary.len() != tokens.len() {
        return Err(Error::Tokenizer(
            "its vocabulary names a token twice".into(),
        ));
    }
    Ok(vocabulary)
}

fn merges(metadata: &Map<String, Value>) -> Result<Vec<(String, String)>> {
    let pairs = texts(metadata, "tokenizer.ggml.merges")?
        .into_iter()
        .map(|merge| {
            // Spaces are spelled otherwise in byte-level vocabularies, so that the first one is the border.
            let (left, right) = merge.split_once(' ')?;
            Some((left.to_owned(), right.to_owned()))
        });
    let pairs: Option<Vec<_>> = pairs.collect();
    pairs.ok_or_else(|| Error::Tokenizer("one of its merges is no pair".into()))
}

fn texts<'a>(metadata: &'a Map<String, Value>, key: &str) -> Result<Vec<&'a str>> {
    let list = metadata.get(key).and_then(Value::as_array);
    let texts = list.and_then(|list| list.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
    texts.ok_or_else(|| Error::Tokenizer(format!("the GGUF has no list of texts `{key}`")))
}
