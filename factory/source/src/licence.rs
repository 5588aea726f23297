//! Under which licence a tree stands, and whether that is wanted.

mod detect;
mod policy;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use detect::detect;
pub use policy::LicencePolicy;

/// A licence, as far as it could be told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Licence {
    /// An SPDX expression; `None` if nothing clear was found.
    pub expression: Option<String>,
    /// Where it was found, as in `PKG-INFO License-Expression` or `LICENSE.txt`.
    pub found_in: Option<String>,
}

impl Licence {
    /// An expression and the place it was found in.
    pub(crate) fn found(expression: impl Into<String>, place: impl Into<String>) -> Self {
        Self {
            expression: Some(expression.into()),
            found_in: Some(place.into()),
        }
    }
}

impl fmt::Display for Licence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.expression.as_deref().unwrap_or("unknown"))
    }
}
