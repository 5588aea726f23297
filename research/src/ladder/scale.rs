//! How large a training run is.

use serde::Serialize;

use super::error::{LadderError, Result};

/// The size of a model and of its training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Scale {
    /// Parameters without embeddings, N.
    pub parameters: f64,
    /// Training tokens, D.
    pub tokens: f64,
    /// Training compute in floating-point operations, C.
    pub flops: f64,
}

impl Scale {
    /// A scale with the usual estimate of its compute, 6ND (Kaplan et al., 2001.08361, section 2.1).
    pub fn new(parameters: f64, tokens: f64) -> Self {
        Self {
            parameters,
            tokens,
            flops: 6.0 * parameters * tokens,
        }
    }

    /// The same with compute that was counted.
    pub fn with_flops(self, flops: f64) -> Self {
        Self { flops, ..self }
    }

    /// Reads `N,D`, such as `7e9,4e12` or `6.9B,3.9T`.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |rule| LadderError::Setting {
            name: "a scale",
            value: text.to_owned(),
            rule,
        };
        let (parameters, tokens) = text
            .split_once(',')
            .ok_or_else(|| wrong("it must be N,D: parameters and tokens, such as 7e9,4e12"))?;
        let number = |part| {
            magnitude(part).ok_or_else(|| {
                wrong("both numbers must be above zero; the suffixes K, M, B and T are understood")
            })
        };
        Ok(Self::new(number(parameters)?, number(tokens)?))
    }

    pub(crate) fn log(&self) -> LogScale {
        LogScale {
            parameters: self.parameters.ln(),
            tokens: self.tokens.ln(),
            flops: self.flops.ln(),
        }
    }
}

/// A positive number, with an optional suffix for its magnitude.
fn magnitude(text: &str) -> Option<f64> {
    let text = text.trim();
    let suffixes = [("K", 1e3), ("M", 1e6), ("B", 1e9), ("T", 1e12)];
    let found = suffixes.iter().find_map(|(suffix, factor)| {
        let upper = text.strip_suffix(suffix);
        let rest = upper.or_else(|| text.strip_suffix(&suffix.to_lowercase()))?;
        Some((rest, *factor))
    });
    let (digits, factor) = found.unwrap_or((text, 1.0));
    let value = digits.parse::<f64>().ok()? * factor;
    (value.is_finite() && value > 0.0).then_some(value)
}

/// The natural logarithms of a [`Scale`], which is what the curves are made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogScale {
    pub(crate) parameters: f64,
    pub(crate) tokens: f64,
    pub(crate) flops: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_read_with_exponents_and_suffixes() {
        assert_eq!(Scale::parse("7e9, 4e12").unwrap(), Scale::new(7e9, 4e12));
        assert_eq!(Scale::parse("7B,4t").unwrap(), Scale::new(7e9, 4e12));
    }

    #[test]
    fn sizes_that_are_none_are_refused_with_an_example() {
        for text in [
            "7e9",
            "7e9,0",
            "-1,5",
            "big,small",
            "nan,1",
            "1e999,1",
            ",",
            "B,T",
        ] {
            let error = Scale::parse(text).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }
}
