//! Answers that follow a grammar: JSON of a schema, a regular expression, or the calls of tools.
//!
//! llguidance keeps a parser and computes which tokens may come next; this module gives it the bytes of our tokens.

use std::sync::Arc;

use llguidance::{
    Matcher, ParserFactory,
    api::TopLevelGrammar,
    toktrie::{ApproximateTokEnv, InferenceCapabilities, TokEnv, TokRxInfo, TokTrie},
};
use serde_json::Value;

use super::Vocabulary;

/// What an answer must look like.
#[derive(Debug, Clone, PartialEq)]
pub enum Constraint {
    /// JSON that this schema accepts.
    JsonSchema(Value),
    /// Text that this regular expression matches as a whole.
    Regex(String),
    /// Text of this grammar, in llguidance's variant of Lark.
    Lark(String),
}

/// A grammar that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the grammar cannot be used: {0}")]
pub struct InvalidGrammar(String);

/// Makes parsers for one vocabulary.
pub struct Grammars {
    factory: ParserFactory,
}

/// Where an answer stands in its grammar.
pub struct GrammarState {
    matcher: Matcher,
}

impl Grammars {
    /// Prepares the vocabulary; `ends` are the tokens that end an answer.
    pub fn new(vocabulary: &Vocabulary, ends: &[u32]) -> Result<Self, InvalidGrammar> {
        let size = u32::try_from(vocabulary.len()).unwrap_or(u32::MAX);
        let known: Vec<u32> = ends.iter().copied().filter(|&end| end < size).collect();
        let Some(&end) = known.first() else {
            return Err(InvalidGrammar(
                "the model has no token that ends an answer".into(),
            ));
        };
        // The trie tells marks from text by a leading byte that occurs in no UTF-8.
        let bytes = |token: u32| {
            let bytes = vocabulary.bytes(token);
            if vocabulary.is_special(token) || known.contains(&token) {
                [&[TokTrie::SPECIAL_TOKEN_MARKER], bytes].concat()
            } else {
                bytes.to_vec()
            }
        };
        let words: Vec<Vec<u8>> = (0..size).map(bytes).collect();
        let trie = TokTrie::from(&TokRxInfo::new(size, end), &words).with_eos_tokens(&known);
        let environment: TokEnv = Arc::new(ApproximateTokEnv::new(trie));
        let slices = llguidance::earley::SlicedBiasComputer::general_slices();
        let mut factory =
            ParserFactory::new(&environment, InferenceCapabilities::default(), &slices)
                .map_err(|error| InvalidGrammar(error.to_string()))?;
        factory.quiet();
        Ok(Self { factory })
    }

    /// Compiles a constraint. This may take a while for a large schema: not the engine's thread.
    pub fn compile(&self, constraint: &Constraint) -> Result<GrammarState, InvalidGrammar> {
        let grammar = match constraint {
            Constraint::JsonSchema(schema) => TopLevelGrammar::from_json_schema(schema.clone()),
            Constraint::Regex(expression) => TopLevelGrammar::from_regex(expression),
            Constraint::Lark(grammar) => TopLevelGrammar::from_lark(grammar.clone()),
        };
        let matcher = Matcher::new(self.factory.create_parser(grammar));
        match matcher.get_error() {
            None => Ok(GrammarState { matcher }),
            Some(error) => Err(InvalidGrammar(error)),
        }
    }
}

impl std::fmt::Debug for Grammars {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Grammars").finish_non_exhaustive()
    }
}

impl GrammarState {
    /// Sets the logits of all tokens that may not come next to minus infinity. At the end of the grammar only ends may come.
    pub fn restrict(&mut self, logits: &mut [f32]) -> Result<(), InvalidGrammar> {
        let mask = self
            .matcher
            .compute_mask_or_eos()
            .map_err(|error| InvalidGrammar(error.to_string()))?;
        let known = mask.len().min(logits.len());
        // A model may have more logits than there are tokens: padding, never allowed.
        logits[known..].fill(f32::NEG_INFINITY);
        mask.iter_unset_entries(|token| {
            if let Some(logit) = logits.get_mut(token) {
                *logit = f32::NEG_INFINITY;
            }
        });
        Ok(())
    }

    /// Goes on by a token that [`GrammarState::restrict`] allowed.
    pub fn advance(&mut self, token: u32) -> Result<(), InvalidGrammar> {
        self.matcher
            .consume_token(token)
            .map_err(|error| InvalidGrammar(error.to_string()))
    }

    /// Whether nothing can follow.
    pub fn is_complete(&self) -> bool {
        self.matcher.is_stopped()
    }
}

impl std::fmt::Debug for GrammarState {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("GrammarState")
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::testing::bytes_vocabulary;

    const END: u32 = 256;

    fn grammars() -> Grammars {
        Grammars::new(&bytes_vocabulary(), &[END]).unwrap()
    }

    /// Writes what the grammar allows, always the largest token; closes braces and quotes sooner or later.
    fn allowed(state: &mut GrammarState) -> Vec<u32> {
        let mut logits = vec![0.0; 300];
        state.restrict(&mut logits).unwrap();
        (0u32..)
            .zip(logits)
            .filter(|(_, logit)| logit.is_finite())
            .map(|(token, _)| token)
            .collect()
    }

    #[test]
    fn only_what_the_schema_accepts_may_come() {
        let schema = json!({"type": "object", "properties": {"n": {"enum": [12, 15]}}, "required": ["n"], "additionalProperties": false});
        let mut state = grammars().compile(&Constraint::JsonSchema(schema)).unwrap();
        for letter in br#"{"n":1"# {
            assert!(allowed(&mut state).contains(&u32::from(*letter)));
            state.advance(u32::from(*letter)).unwrap();
        }
        assert_eq!(allowed(&mut state), [u32::from(b'2'), u32::from(b'5')]);
        state.advance(u32::from(b'5')).unwrap();
        state.advance(u32::from(b'}')).unwrap();
        assert_eq!(allowed(&mut state), [END]);
        assert!(state.is_complete());
    }

    #[test]
    fn a_grammar_that_makes_no_sense_is_an_error() {
        assert!(grammars().compile(&Constraint::Regex("(".into())).is_err());
        assert!(
            grammars()
                .compile(&Constraint::JsonSchema(json!({"type": "nonsense"})))
                .is_err()
        );
        assert!(
            grammars()
                .compile(&Constraint::Lark("start: nowhere".into()))
                .is_err()
        );
    }

    #[test]
    fn a_token_that_is_not_allowed_is_an_error_and_not_a_crash() {
        let mut state = grammars().compile(&Constraint::Regex("ab".into())).unwrap();
        assert!(state.advance(u32::from(b'x')).is_err());
        assert!(state.restrict(&mut [0.0; 300]).is_err());
    }
}
