//! The name of a full block: what it holds and everything before it.

use sha2::{Digest as _, Sha256};

/// SHA-256 of the parent's hash and the block's tokens. A weak hash would let one client choose a prompt that is answered from another
/// one's keys and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockHash([u8; 32]);

impl BlockHash {
    /// What the first block's hash starts from. Sequences with different salts never share blocks.
    pub fn root(salt: &str) -> Self {
        Self(Sha256::digest(salt.as_bytes()).into())
    }

    /// The hash of the block that follows with these tokens.
    pub fn then(&self, tokens: &[u32]) -> Self {
        let mut hasher = Sha256::new_with_prefix(self.0);
        for token in tokens {
            hasher.update(token.to_le_bytes());
        }
        Self(hasher.finalize().into())
    }

    /// The hashes of the full blocks of a sequence.
    pub fn chain(salt: &str, tokens: &[u32], block_tokens: usize) -> Vec<Self> {
        let mut last = Self::root(salt);
        let blocks = tokens.chunks_exact(block_tokens);
        blocks
            .map(|block| {
                last = last.then(block);
                last
            })
            .collect()
    }
}
