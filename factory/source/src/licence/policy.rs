//! Which licences are wanted (`--licenses`).

use std::str::FromStr;

use spdx::{Expression, LicenseReq, Licensee, ParseMode};

use super::Licence;
use crate::error::{Error, Result};

/// Licences that ask for little more than their notice to be kept.
const PERMISSIVE: [&str; 31] = [
    "0BSD",
    "AFL-3.0",
    "Apache-2.0",
    "BlueOak-1.0.0",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-2-Clause-Patent",
    "BSD-3-Clause",
    "BSD-3-Clause-Clear",
    "BSL-1.0",
    "CC0-1.0",
    "CNRI-Python",
    "curl",
    "HPND",
    "ISC",
    "libpng-2.0",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "NCSA",
    "PostgreSQL",
    "PSF-2.0",
    "Python-2.0",
    "Python-2.0.1",
    "Unicode-3.0",
    "Unlicense",
    "UPL-1.0",
    "WTFPL",
    "X11",
    "Zlib",
    "ZPL-2.1",
];

/// A list of wanted licences.
#[derive(Debug, Clone, PartialEq)]
pub struct LicencePolicy {
    /// Nothing here admits everything, unknown licences too.
    wanted: Option<Vec<Licensee>>,
    text: String,
}

impl Default for LicencePolicy {
    /// Every licence, known or not.
    fn default() -> Self {
        Self {
            wanted: None,
            text: "any".to_owned(),
        }
    }
}

impl FromStr for LicencePolicy {
    type Err = Error;

    fn from_str(given: &str) -> Result<Self> {
        let bad = |why: String| Error::LicenceList {
            given: given.to_owned(),
            why,
        };
        let mut wanted = Vec::new();
        let mut all = false;
        for word in given
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
        {
            match word.to_ascii_lowercase().as_str() {
                "any" => all = true,
                "permissive" => {
                    for name in PERMISSIVE {
                        wanted.extend(Licensee::parse(name));
                    }
                }
                _ => wanted.push(Licensee::parse_mode(word, ParseMode::LAX).map_err(|_| {
                    bad(format!(
                        "'{word}' is no SPDX identifier, such as MIT or Apache-2.0"
                    ))
                })?),
            }
        }
        if wanted.is_empty() && !all {
            return Err(bad("it is empty".to_owned()));
        }
        Ok(Self {
            wanted: (!all).then_some(wanted),
            text: given.trim().to_owned(),
        })
    }
}

impl std::fmt::Display for LicencePolicy {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.text)
    }
}

impl LicencePolicy {
    /// Passes a licence, or says why not. Of `A OR B` one must be wanted, of `A AND B` both; an exception
    /// (`WITH`) only ever adds freedom, so it does not count.
    pub fn admits(&self, licence: &Licence) -> std::result::Result<(), String> {
        let Some(wanted) = &self.wanted else {
            return Ok(());
        };
        let Some(text) = &licence.expression else {
            return Err(format!(
                "its licence is unknown, and only '{self}' is wanted"
            ));
        };
        let expression = Expression::parse_mode(text, ParseMode::LAX)
            .map_err(|_| format!("its licence '{text}' is no SPDX expression"))?;
        let met = expression.evaluate(|asked| {
            let base = LicenseReq {
                license: asked.license.clone(),
                addition: None,
            };
            wanted
                .iter()
                .any(|licensee| licensee.satisfies(&base) || licensee.satisfies(asked))
        });
        if met {
            Ok(())
        } else {
            Err(format!(
                "its licence is {text}, and only '{self}' is wanted"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(policy: &str, expression: &str) -> bool {
        let policy: LicencePolicy = policy.parse().unwrap();
        policy.admits(&Licence::found(expression, "test")).is_ok()
    }

    #[test]
    fn every_permissive_name_is_in_the_spdx_list() {
        for name in PERMISSIVE {
            assert!(spdx::license_id(name).is_some(), "{name}");
        }
    }

    #[test]
    fn either_side_of_or_is_enough_and_both_of_and_are_needed() {
        assert!(admits("MIT", "MIT OR GPL-3.0-only"));
        assert!(!admits("MIT", "MIT AND GPL-3.0-only"));
        assert!(admits("permissive", "MIT AND Apache-2.0"));
        assert!(!admits("permissive", "MPL-2.0"));
    }

    #[test]
    fn an_exception_does_not_take_a_licence_away() {
        assert!(admits("Apache-2.0", "Apache-2.0 WITH LLVM-exception"));
        assert!(!admits("MIT", "GPL-2.0-only WITH Classpath-exception-2.0"));
    }

    #[test]
    fn an_unknown_licence_is_admitted_by_any_alone() {
        let unknown = Licence::default();
        assert!(
            "any"
                .parse::<LicencePolicy>()
                .unwrap()
                .admits(&unknown)
                .is_ok()
        );
        let reason = "permissive"
            .parse::<LicencePolicy>()
            .unwrap()
            .admits(&unknown)
            .unwrap_err();
        assert!(reason.contains("unknown"), "{reason}");
    }

    #[test]
    fn a_list_that_says_nothing_or_nonsense_is_refused() {
        for list in ["", " , ", "MIT, nonsense"] {
            assert!(list.parse::<LicencePolicy>().is_err(), "{list}");
        }
    }
}
