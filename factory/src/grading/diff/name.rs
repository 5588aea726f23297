//! File names in diffs.

/// A name as git quotes it, or as it is. Ends at a tab, behind which other programs write a time.
pub(super) fn unquote(text: &str) -> Option<String> {
    let text = text.trim_end_matches(['\r', '\n']);
    let Some(quoted) = text.strip_prefix('"') else {
        return Some(text.split('\t').next().unwrap_or(text).to_owned());
    };
    let mut bytes = Vec::new();
    let mut rest = quoted.bytes();
    loop {
        bytes.push(match rest.next()? {
            b'"' => break,
            b'\\' => match rest.next()? {
                b'a' => 7,
                b'b' => 8,
                b't' => b'\t',
                b'n' => b'\n',
                b'v' => 11,
                b'f' => 12,
                b'r' => b'\r',
                byte @ (b'"' | b'\\') => byte,
                first @ b'0'..=b'3' => {
                    let digit = |byte: u8| byte.checked_sub(b'0').filter(|digit| *digit < 8);
                    digit(first)? * 64 + digit(rest.next()?)? * 8 + digit(rest.next()?)?
                }
                _ => return None,
            },
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// One side of a diff.
pub(super) enum Side {
    /// `/dev/null`.
    Nothing,
    /// A file, without the first folder (`a/`, `b/`).
    File(String),
}

impl Side {
    /// The name in a `---` or `+++` line.
    pub(super) fn read(text: &str) -> Option<Self> {
        let name = unquote(text)?;
        if name == "/dev/null" {
            return Some(Self::Nothing);
        }
        strip_first(&name).map(Self::File)
    }

    pub(super) fn into_name(self) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::File(name) => Some(name),
        }
    }
}

/// The two names of a `diff --git` line where they are the same but for the first folder, as they are unless the
/// file is renamed (then `rename from` and `rename to` tell).
pub(super) fn both(text: &str) -> Option<String> {
    let text = text.trim_end_matches(['\r', '\n']);
    if text.starts_with('"') {
        let end = closing_quote(text)?;
        return strip_first(&unquote(&text[..=end])?);
    }
    if let Some(at) = text.find(" \"") {
        return strip_first(&unquote(&text[at + 1..])?);
    }
    let spaces = text.match_indices(' ').map(|(at, _)| at);
    for at in spaces {
        let (left, right) = (strip_first(&text[..at]), strip_first(&text[at + 1..]));
        if left.is_some() && left == right {
            return left;
        }
    }
    None
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at),
            _ => {}
        }
    }
    None
}

fn strip_first(name: &str) -> Option<String> {
    name.split_once('/').map(|(_, rest)| rest.to_owned())
}
