//! The tokenizer in a GGUF's metadata.

use serde_json::{Map, Value};
use tokenizers::{
    AddedToken, Tokenizer,
    decoders::byte_level::ByteLevel as ByteLevelDecoder,
    models::bpe::{BPE, Vocab},
    normalizers::unicode::NFC,
    processors::template::TemplateProcessing,
};

use super::{pretokenizer, sentence_piece};
use crate::{Error, Result};

/// What a token is, by the numbers of ggml.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenType {
    Normal,
    Control,
    UserDefined,
    /// Unknown, unused, or a byte: never matched in texts.
    Other,
}

/// Builds the tokenizer, or says what of it is not supported.
pub(super) fn build(metadata: &Map<String, Value>) -> Result<Tokenizer> {
    let model = text(metadata, "tokenizer.ggml.model").unwrap_or("none");
    match model {
        "gpt2" => byte_level(metadata),
        "llama" => sentence_piece::build(metadata),
        other => Err(Error::Tokenizer(format!(
            "the GGUF holds one of the kind `{other}`; byte-level BPE (`gpt2`) and SentencePiece (`llama`) can be built from a GGUF: put the model's tokenizer.json beside it"
        ))),
    }
}

fn byte_level(metadata: &Map<String, Value>) -> Result<Tokenizer> {
    let text = |key: &str| text(metadata, key);
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
    special(&mut tokenizer, metadata, &tokens)?;
    let added = metadata.get("tokenizer.ggml.add_bos_token");
    if added.and_then(Value::as_bool) == Some(true) {
        first_token_template(&mut tokenizer, metadata, &tokens)?;
    }
    Ok(tokenizer)
}

fn text<'a>(metadata: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    metadata.get(key).and_then(Value::as_str)
}

/// The types of all tokens: normal ones where nothing is said.
pub(super) fn types(metadata: &Map<String, Value>, count: usize) -> Vec<TokenType> {
    let list = metadata
        .get("tokenizer.ggml.token_type")
        .and_then(Value::as_array);
    let of = |index: usize| match list.and_then(|list| list.get(index)?.as_u64()) {
        None | Some(1) => TokenType::Normal,
        Some(3) => TokenType::Control,
        Some(4) => TokenType::UserDefined,
        Some(_) => TokenType::Other,
    };
    (0..count).map(of).collect()
}

/// Tokens that are matched as they are spelled, before anything is normalised or cut.
pub(super) fn special(
    tokenizer: &mut Tokenizer,
    metadata: &Map<String, Value>,
    tokens: &[&str],
) -> Result<()> {
    let kinds = types(metadata, tokens.len());
    let of_type = |wanted: TokenType| -> Vec<AddedToken> {
        let found = tokens
            .iter()
            .zip(&kinds)
            .filter(|(_, kind)| **kind == wanted);
        found
            .map(|(token, _)| {
                AddedToken::from(*token, wanted == TokenType::Control).normalized(false)
            })
            .collect()
    };
    let failed = |error: tokenizers::Error| Error::Tokenizer(error.to_string());
    tokenizer
        .add_special_tokens(of_type(TokenType::Control))
        .map_err(failed)?;
    tokenizer
        .add_tokens(of_type(TokenType::UserDefined))
        .map_err(failed)?;
    Ok(())
}

/// Puts the model's first token, where it has one, before every text.
pub(super) fn first_token_template(
    tokenizer: &mut Tokenizer,
    metadata: &Map<String, Value>,
    tokens: &[&str],
) -> Result<()> {
    let id = metadata
        .get("tokenizer.ggml.bos_token_id")
        .and_then(Value::as_u64)
        .and_then(|id| u32::try_from(id).ok());
    let first = id.and_then(|id| Some((id, *tokens.get(id as usize)?)));
    let Some((id, first)) = first else {
        return Ok(());
    };
    let template = TemplateProcessing::builder()
        .try_single(format!("{first}:0 $A:0"))
        .and_then(|builder| builder.try_pair(format!("{first}:0 $A:0 {first}:1 $B:1")))
        .map(|builder| builder.special_tokens(vec![(first.to_owned(), id)]).clone())
        .and_then(|builder| builder.build().map_err(|error| error.to_string()));
    tokenizer.with_post_processor(Some(template.map_err(Error::Tokenizer)?));
    Ok(())
}

pub(super) fn vocabulary(tokens: &[&str]) -> Result<Vocab> {
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

pub(super) fn texts<'a>(metadata: &'a Map<String, Value>, key: &str) -> Result<Vec<&'a str>> {
    let list = metadata.get(key).and_then(Value::as_array);
    let texts = list.and_then(|list| list.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
    texts.ok_or_else(|| Error::Tokenizer(format!("the GGUF has no list of texts `{key}`")))
}
