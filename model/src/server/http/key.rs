//! The key that clients show.

use axum::http::{HeaderMap, header::AUTHORIZATION};
use sha2::{Digest as _, Sha256};

/// A key that clients must show as `Authorization: Bearer KEY`.
#[derive(Clone)]
pub struct Key(String);

/// What a client has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// The key.
    Right,
    /// Another one.
    Wrong,
    /// None.
    Nothing,
}

impl Key {
    /// This one; none where it is blank. Blanks around it are no part of it.
    pub fn new(key: &str) -> Option<Self> {
        let key = key.trim();
        (!key.is_empty()).then(|| Self(key.to_owned()))
    }

    /// What these headers show.
    pub fn shown_in(&self, headers: &HeaderMap) -> Shown {
        match shown(headers) {
            Some(shown) if same(shown, &self.0) => Shown::Right,
            Some(_) => Shown::Wrong,
            None => Shown::Nothing,
        }
    }
}

impl Shown {
    /// What a client is told that may not go on.
    pub fn refusal(self) -> Option<&'static str> {
        match self {
            Self::Right => None,
            Self::Wrong => Some("The API key is not the one that this server was started with."),
            Self::Nothing => Some("This server wants an API key: `Authorization: Bearer KEY`."),
        }
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Key(…)")
    }
}

fn shown(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// Compares digests, all of their bytes: the time says nothing of where keys differ or how long they are.
fn same(shown: &str, key: &str) -> bool {
    let (shown, key) = (Sha256::digest(shown), Sha256::digest(key));
    let different = shown.iter().zip(&key).fold(0, |sum, (a, b)| sum | (a ^ b));
    std::hint::black_box(different) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_key_is_the_same() {
        assert!(same("secret", "secret"));
        for other in ["", "secre", "secret ", "Secret"] {
            assert!(!same(other, "secret"), "{other:?}");
        }
    }

    #[test]
    fn a_blank_key_is_none_and_no_key_is_printed() {
        assert!(Key::new(" \n").is_none());
        let key = Key::new(" secret\n").unwrap();
        assert!(!format!("{key:?}").contains("secret"));
        let mut headers = HeaderMap::new();
        assert_eq!(key.shown_in(&headers), Shown::Nothing);
        headers.insert(AUTHORIZATION, "bearer secret".parse().unwrap());
        assert_eq!(key.shown_in(&headers), Shown::Right);
    }
}
