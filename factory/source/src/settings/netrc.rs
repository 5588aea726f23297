//! Passwords of `.netrc`.

use std::path::Path;

use super::Credentials;
use crate::redact::Secret;

/// Credentials by host; the entry without a host stands for every other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Netrc {
    machines: Vec<(Option<String>, Credentials)>,
}

impl Netrc {
    /// The file that `NETRC` names, or `~/.netrc`. One that cannot be read says nothing.
    pub(super) fn gather(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        variable("NETRC")
            .or_else(|| variable("HOME").map(|home| format!("{home}/.netrc")))
            .and_then(|file| std::fs::read_to_string(Path::new(&file)).ok())
            .map(|text| Self::parse(&text))
            .unwrap_or_default()
    }

    /// Reads the format that ftp brought: words, in pairs, with macros up to an empty line.
    pub fn parse(text: &str) -> Self {
        let mut machines: Vec<(Option<String>, Credentials)> = Vec::new();
        let mut words = tokens(text).into_iter();
        while let Some(word) = words.next() {
            let empty = Credentials {
                user: String::new(),
                password: Secret::new(""),
            };
            match word.as_str() {
                "machine" => machines.push((words.next(), empty)),
                "default" => machines.push((None, empty)),
                "login" | "user" => {
                    if let (Some(value), Some((_, entry))) = (words.next(), machines.last_mut()) {
                        entry.user = value;
                    }
                }
                "password" => {
                    if let (Some(value), Some((_, entry))) = (words.next(), machines.last_mut()) {
                        entry.password = Secret::new(value);
                    }
                }
                "account" => drop(words.next()),
                _ => {}
            }
        }
        Self { machines }
    }

    /// Who to be at a host.
    pub fn credentials_for(&self, host: &str) -> Option<Credentials> {
        let named = self
            .machines
            .iter()
            .find(|(machine, _)| machine.as_deref() == Some(host));
        let any = || self.machines.iter().find(|(machine, _)| machine.is_none());
        named
            .or_else(any)
            .map(|(_, credentials)| credentials.clone())
    }
}

/// Words, quoted ones too, without comment lines and macros.
fn tokens(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut in_macro = false;
    for line in text.lines() {
        if in_macro {
            in_macro = !line.trim().is_empty();
            continue;
        }
        if line.trim_start().starts_with('#') {
            continue;
        }
        let mut rest = line.trim_start();
        while !rest.is_empty() {
            let (word, after) = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
            };
            if word == "macdef" {
                in_macro = true;
                break;
            }
            out.push(word.to_owned());
            rest = after.trim_start();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_its_own_entry_and_others_the_default() {
        let netrc = Netrc::parse(
            "# mine\nmachine a.example login me password \"p w\"\nmacdef init\n machine evil login x\n\nmachine b.example\n  login you\n  password q#1\ndefault login any password z\n",
        );
        let found = |host: &str| {
            let found = netrc.credentials_for(host).unwrap();
            (found.user, found.password.reveal().to_owned())
        };
        assert_eq!(found("a.example"), ("me".to_owned(), "p w".to_owned()));
        assert_eq!(found("b.example"), ("you".to_owned(), "q#1".to_owned()));
        assert_eq!(found("evil"), ("any".to_owned(), "z".to_owned()));
    }

    #[test]
    fn without_a_default_an_unknown_host_has_none() {
        assert_eq!(
            Netrc::parse("machine a login b password c").credentials_for("x"),
            None
        );
    }
}
