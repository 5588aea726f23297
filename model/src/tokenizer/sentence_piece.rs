//! `SentencePiece`'s byte-pair model in a GGUF (`tokenizer.ggml.model` is `llama`): pieces with scores and no merges.
//!
//! `SentencePiece` joins, of all neighbours that together are a piece, the two whose piece has the highest score, the leftmost first (Kudo
//! and Richardson, arXiv 1808.06226). Byte-pair encoding with a list of merges does the same when each piece stands there once for every pair
//! of pieces that it can be cut into, in the order of scores: so Hugging Face converts these models (transformers,
//! `convert_slow_tokenizer.py`, `generate_merges`), and the list made here is the published one of Gemma 3, entry by entry. What no piece
//! covers is spelled in bytes.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use serde_json::{Map, Value};
use tokenizers::{
    Tokenizer,
    decoders::{
        DecoderWrapper, byte_fallback::ByteFallback, fuse::Fuse, sequence::Sequence, strip::Strip,
    },
    models::bpe::BPE,
    normalizers::{Prepend, Replace, Sequence as Normalizers},
};

use super::gguf::{TokenType, first_token_template, special, texts, types, vocabulary};
use crate::{Error, Result};

/// What stands for a space in pieces.
const SPACE: &str = "\u{2581}";

/// Builds the tokenizer.
pub(super) fn build(metadata: &Map<String, Value>) -> Result<Tokenizer> {
    let prefix = flag(metadata, "tokenizer.ggml.add_space_prefix", true);
    let stored = texts(metadata, "tokenizer.ggml.tokens")?;
    let spelled = spellings(&stored, &types(metadata, stored.len()), prefix);
    let tokens: Vec<&str> = spelled.iter().map(String::as_str).collect();
    let unknown = metadata
        .get("tokenizer.ggml.unknown_token_id")
        .and_then(Value::as_u64)
        .and_then(|id| tokens.get(usize::try_from(id).ok()?));
    let mut builder = BPE::builder()
        .vocab_and_merges(vocabulary(&tokens)?, merges(metadata, &tokens)?)
        .byte_fallback(true)
        .fuse_unk(true);
    if let Some(unknown) = unknown {
        builder = builder.unk_token((*unknown).to_owned());
    }
    let failed = |error: tokenizers::Error| Error::Tokenizer(error.to_string());
    let mut tokenizer = Tokenizer::new(builder.build().map_err(failed)?);
    let spaces = Replace::new(" ", SPACE).map_err(failed)?;
    let mut normalizers = Vec::new();
    if prefix {
        normalizers.push(Prepend::new(SPACE.to_owned()).into());
    }
    normalizers.push(spaces.into());
    tokenizer
        .with_normalizer(Some(Normalizers::new(normalizers)))
        .map_err(failed)?;
    tokenizer.with_decoder(Some(decoder(prefix).map_err(failed)?));
    special(&mut tokenizer, metadata, &tokens)?;
    if flag(metadata, "tokenizer.ggml.add_bos_token", true) {
        first_token_template(&mut tokenizer, metadata, &tokens)?;
    }
    Ok(tokenizer)
}

/// The pieces as the published tokenizers spell them. Runs of spaces that were added to the vocabulary hold plain spaces in a GGUF;
/// where texts get no space in front they are joined like all pieces, from spaces that were replaced.
fn spellings(stored: &[&str], kinds: &[TokenType], prefix: bool) -> Vec<String> {
    let known: HashSet<&str> = stored.iter().copied().collect();
    let spell = |(token, kind): (&&str, &TokenType)| {
        let spelled = token.replace(' ', SPACE);
        let taken = known.contains(spelled.as_str());
        if *kind == TokenType::UserDefined && !prefix && !taken {
            spelled
        } else {
            (*token).to_owned()
        }
    };
    stored.iter().zip(kinds).map(spell).collect()
}

/// Spaces again, bytes to characters, and without the space that was put before the text.
fn decoder(prefix: bool) -> tokenizers::Result<DecoderWrapper> {
    let mut steps: Vec<DecoderWrapper> = vec![
        Replace::new(SPACE, " ")?.into(),
        ByteFallback::new().into(),
        Fuse::new().into(),
    ];
    if prefix {
        steps.push(Strip::new(' ', 1, 0).into());
    }
    Ok(Sequence::new(steps).into())
}

fn flag(metadata: &Map<String, Value>, key: &str, usual: bool) -> bool {
    metadata.get(key).and_then(Value::as_bool).unwrap_or(usual)
}

/// Every pair of pieces that makes a piece, best first.
fn merges(metadata: &Map<String, Value>, tokens: &[&str]) -> Result<Vec<(String, String)>> {
    let scores = scores(metadata, tokens.len())?;
    let kinds = types(metadata, tokens.len());
    let mergeable =
        |index: usize| matches!(kinds[index], TokenType::Normal | TokenType::UserDefined);
    let known: HashMap<&str, usize> = (0..tokens.len())
        .filter(|&index| mergeable(index))
        .map(|index| (tokens[index], index))
        .collect();
    let mut pairs = Vec::new();
    for whole in (0..tokens.len()).filter(|&index| mergeable(index)) {
        let piece = tokens[whole];
        let length = piece.chars().count();
        let borders = piece.char_indices().enumerate().skip(1);
        let cuts = borders.filter_map(|(characters, (at, _))| {
            let (left, right) = piece.split_at(at);
            let longest = Reverse((characters, length - characters));
            Some((longest, whole, *known.get(left)?, *known.get(right)?))
        });
        pairs.extend(cuts);
    }
    // Added pieces have the score 0, over which llama.cpp's converter writes -1000. Of one score, the longest left part is the best, then
    // the longest right one, then the first in the vocabulary: so long runs of spaces are cut as the published tokenizers cut them.
    let score = |index: usize| match kinds[index] {
        TokenType::UserDefined => 0.0,
        // The first piece has -0.0, which is below 0.0 in a total order.
        _ => scores[index] + 0.0,
    };
    pairs.sort_by(|one, other| {
        score(other.1)
            .total_cmp(&score(one.1))
            .then_with(|| one.cmp(other))
    });
    let spelled = |index: usize| tokens[index].to_owned();
    Ok(pairs
        .into_iter()
        .map(|(_, _, left, right)| (spelled(left), spelled(right)))
        .collect())
}

fn scores(metadata: &Map<String, Value>, count: usize) -> Result<Vec<f64>> {
    let scores = metadata
        .get("tokenizer.ggml.scores")
        .and_then(Value::as_array);
    let scores: Option<Vec<f64>> = scores.and_then(|list| list.iter().map(Value::as_f64).collect());
    match scores {
        Some(scores) if scores.len() == count => Ok(scores),
        Some(scores) => Err(Error::Tokenizer(format!(
            "it has {} scores for {count} pieces",
            scores.len()
        ))),
        None => Err(Error::Tokenizer(
            "the GGUF has no list of numbers `tokenizer.ggml.scores`, without which pieces cannot be joined".into(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Normal pieces with scores, a control token, a run of spaces that was added, and the two bytes of an accented letter.
    fn metadata(prefix: bool) -> Map<String, Value> {
        let pieces: [(&str, f64, u64); 15] = [
            ("<unk>", 0.0, 2),
            ("<s>", 0.0, 3),
            ("<0xC3>", 0.0, 6),
            ("<0xA9>", 0.0, 6),
            (SPACE, -9.0, 1),
            ("a", -9.0, 1),
            ("b", -9.0, 1),
            ("c", -9.0, 1),
            ("ab", -1.0, 1),
            ("bc", -2.0, 1),
            ("abc", -3.0, 1),
            ("\u{2581}a", -4.0, 1),
            ("cb", -0.5, 1),
            ("abcb", -5.0, 1),
            ("  ", -1000.0, 4),
        ];
        let list = |of: &dyn Fn(&(&str, f64, u64)) -> Value| pieces.iter().map(of).collect();
        let mut metadata = Map::new();
        let mut put =
            |key: &str, value: Value| metadata.insert(format!("tokenizer.ggml.{key}"), value);
        put("tokens", Value::Array(list(&|piece| piece.0.into())));
        put("scores", Value::Array(list(&|piece| piece.1.into())));
        put("token_type", Value::Array(list(&|piece| piece.2.into())));
        put("unknown_token_id", 0.into());
        put("bos_token_id", 1.into());
        put("add_space_prefix", prefix.into());
        metadata
    }

    fn ids(tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
        tokenizer
            .encode_fast(text, false)
            .unwrap()
            .get_ids()
            .to_vec()
    }

    #[test]
    fn neighbours_are_joined_by_the_score_of_what_they_make() {
        let tokenizer = build(&metadata(false)).unwrap();
        assert_eq!(ids(&tokenizer, "abc"), [10]);
        // `cb` is better than `ab`, so the two are joined in this order.
        assert_eq!(ids(&tokenizer, "abcb"), [13]);
        assert_eq!(ids(&tokenizer, "bcb"), [6, 12]);
        assert_eq!(ids(&tokenizer, "a abc aa"), [5, 4, 10, 11, 5]);
    }

    #[test]
    fn what_no_piece_covers_is_spelled_in_bytes_and_comes_back() {
        let tokenizer = build(&metadata(false)).unwrap();
        assert_eq!(ids(&tokenizer, "aé"), [5, 2, 3]);
        assert_eq!(tokenizer.decode(&[5, 2, 3, 11], true).unwrap(), "aé a");
        assert_eq!(ids(&tokenizer, "x"), [0]);
    }

    #[test]
    fn a_space_goes_before_every_stretch_of_text_where_the_model_wants_it() {
        let tokenizer = build(&metadata(true)).unwrap();
        assert_eq!(ids(&tokenizer, "a<s>ab"), [11, 1, 4, 8]);
        assert_eq!(tokenizer.decode(&[11, 5], true).unwrap(), "aa");
        let with_first = tokenizer.encode_fast("a", true).unwrap();
        assert_eq!(with_first.get_ids(), [1, 11]);
    }

    #[test]
    fn added_runs_of_spaces_are_joined_before_all_other_pieces() {
        let tokenizer = build(&metadata(false)).unwrap();
        assert_eq!(ids(&tokenizer, "b  a"), [6, 14, 5]);
        assert_eq!(tokenizer.decode(&[6, 14, 5], true).unwrap(), "b  a");
    }

    #[test]
    fn a_text_with_the_sign_for_spaces_itself_is_not_joined_with_spaces() {
        let tokenizer = build(&metadata(false)).unwrap();
        assert_eq!(ids(&tokenizer, " \u{2581}\u{2581}a"), [4, 14, 5]);
    }

    #[test]
    fn of_one_score_the_longest_left_part_is_joined_first() {
        let mut metadata = metadata(false);
        for (key, value) in [
            ("tokens", Value::from("   ")),
            ("scores", (-1000.0).into()),
            ("token_type", 4.into()),
        ] {
            let list = metadata.get_mut(&format!("tokenizer.ggml.{key}"));
            list.unwrap().as_array_mut().unwrap().push(value);
        }
        let tokenizer = build(&metadata).unwrap();
        // Two and one make three before one and one make two; the other order would leave two and three.
        assert_eq!(ids(&tokenizer, "     "), [15, 14]);
    }

    #[test]
    fn scores_that_are_missing_or_too_few_are_refused() {
        let mut metadata = metadata(false);
        metadata.insert(
            "tokenizer.ggml.scores".to_owned(),
            Value::Array(vec![0.0.into()]),
        );
        let error = build(&metadata).unwrap_err().to_string();
        assert!(error.contains("1 scores for 15 pieces"), "{error}");
        metadata.remove("tokenizer.ggml.scores");
        let error = build(&metadata).unwrap_err().to_string();
        assert!(error.contains("tokenizer.ggml.scores"), "{error}");
    }
}
