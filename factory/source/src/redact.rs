//! Keeping passwords out of messages, records and specs.

use std::fmt;

use url::Url;

/// A password or token: shown as `***`, wiped from no log because it never reaches one.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the one request that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

/// The URL without user, password, query and fragment: all four are places where tokens live.
/// An ssh user (`git@`) is no secret and stays.
pub fn url(url: &Url) -> String {
    let mut bare = url.clone();
    bare.set_query(None);
    bare.set_fragment(None);
    // These fail only for URLs that cannot have a user, which then have nothing to hide.
    let _ = bare.set_password(None);
    if bare.scheme() != "ssh" {
        let _ = bare.set_username("");
    }
    bare.to_string()
}

/// The text with the user and password of every URL in it taken out: for messages that others wrote.
pub fn text(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(at) = rest.find("://") {
        let (head, tail) = rest.split_at(at + 3);
        out.push_str(head);
        let end = tail
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '>' | '<' | ')'))
            .unwrap_or(tail.len());
        let authority = &tail[..end];
        out.push_str(
            authority
                .rsplit_once('@')
                .map_or(authority, |(_, host)| host),
        );
        rest = &tail[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_loses_user_password_query_and_fragment() {
        let given = Url::parse("https://me:s3cret@host.example/a/b.git?token=t#f").unwrap();
        assert_eq!(url(&given), "https://host.example/a/b.git");
    }

    #[test]
    fn an_ssh_user_is_kept_and_its_password_is_not() {
        let given = Url::parse("ssh://git:pw@host.example/a/b").unwrap();
        assert_eq!(url(&given), "ssh://git@host.example/a/b");
    }

    #[test]
    fn urls_inside_a_message_are_redacted() {
        assert_eq!(
            text("failed: 'https://u:p@x.example/y' and http://tok@z.example, see"),
            "failed: 'https://x.example/y' and http://z.example, see"
        );
    }

    #[test]
    fn a_secret_does_not_print() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "***");
    }
}
