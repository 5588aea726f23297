//! File names in diff headers, quoted as git quotes them.

use std::fmt::Write as _;

/// `prefix/path`, in quotes with octal escapes where git would quote it.
pub(super) fn quote(prefix: char, path: &str) -> String {
    let plain = |byte: u8| (b' '..0x7f).contains(&byte) && byte != b'"' && byte != b'\\';
    if path.bytes().all(plain) {
        return format!("{prefix}/{path}");
    }
    let mut quoted = format!("\"{prefix}/");
    for byte in path.bytes() {
        match byte {
            b'"' => quoted.push_str("\\\""),
            b'\\' => quoted.push_str("\\\\"),
            b'\n' => quoted.push_str("\\n"),
            b'\t' => quoted.push_str("\\t"),
            byte if plain(byte) => quoted.push(char::from(byte)),
            byte => write!(quoted, "\\{byte:03o}").expect("writing to a string cannot fail"),
        }
    }
    quoted.push('"');
    quoted
}

/// The path in a `---` or `+++` line, after those four characters; `None` if it is not one that git writes.
pub(super) fn unquote(text: &str, prefix: char) -> Option<String> {
    let text = text.strip_suffix('\t').unwrap_or(text);
    let Some(inner) = text.strip_prefix('"') else {
        return text
            .strip_prefix(prefix)?
            .strip_prefix('/')
            .map(str::to_owned);
    };
    let mut bytes = Vec::new();
    let mut rest = inner.strip_suffix('"')?.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next()? {
                b'n' => b'\n',
                b't' => b'\t',
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
    let path = String::from_utf8(bytes).ok()?;
    path.strip_prefix(prefix)?
        .strip_prefix('/')
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back_from_its_quoted_form() {
        for path in [
            "a.py",
            "with space/b.py",
            "quo\"te.py",
            "back\\slash.py",
            "ümlaut/字.py",
            "tab\t.py",
        ] {
            assert_eq!(unquote(&quote('a', path), 'a').as_deref(), Some(path));
        }
        assert_eq!(quote('b', "ü.py"), "\"b/\\303\\274.py\"");
    }

    #[test]
    fn a_name_without_its_prefix_is_refused() {
        assert_eq!(unquote("b/x.py", 'a'), None);
        assert_eq!(unquote("/dev/null", 'a'), None);
        assert_eq!(unquote("\"a/x", 'a'), None);
    }
}
