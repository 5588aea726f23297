//! Reading values out of a configuration, with errors that name the key.

use serde_json::{Map, Value};

use crate::{Error, Result};

/// Keys above which nothing real lies; what is beyond them is damage, and would only run out of memory later.
const LARGEST: u64 = 1 << 32;

/// The keys of a JSON object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keys<'a>(pub(crate) &'a Map<String, Value>);

impl<'a> Keys<'a> {
    /// The value of a key that is there and not null.
    pub(crate) fn get(self, key: &str) -> Option<&'a Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// A whole number above 0, or `None` where the key is missing or null.
    pub(crate) fn optional_size(self, key: &str) -> Result<Option<usize>> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        match value.as_u64() {
            Some(number) if number > 0 && number < LARGEST => Ok(usize::try_from(number).ok()),
            _ => Err(Error::config(key, format!("is {value}, not a size"))),
        }
    }

    /// A whole number above 0 that has to be there.
    pub(crate) fn size(self, key: &str) -> Result<usize> {
        self.optional_size(key)?
            .ok_or_else(|| Error::config(key, "is missing"))
    }

    /// A finite number, or `None` where the key is missing or null.
    pub(crate) fn optional_number(self, key: &str) -> Result<Option<f64>> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        match value.as_f64() {
            Some(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(Error::config(key, format!("is {value}, not a number"))),
        }
    }

    /// A finite number above 0, or this one.
    pub(crate) fn positive(self, key: &str, default: f64) -> Result<f64> {
        match self.optional_number(key)? {
            None => Ok(default),
            Some(number) if number > 0.0 => Ok(number),
            Some(number) => Err(Error::config(
                key,
                format!("is {number}, but must be above 0"),
            )),
        }
    }

    /// True or false, or this.
    pub(crate) fn flag(self, key: &str, default: bool) -> Result<bool> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => value
                .as_bool()
                .ok_or_else(|| Error::config(key, format!("is {value}, not true or false"))),
        }
    }

    /// A text, or `None` where the key is missing or null.
    pub(crate) fn text(self, key: &str) -> Result<Option<&'a str>> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => value
                .as_str()
                .map(Some)
                .ok_or_else(|| Error::config(key, format!("is {value}, not a text"))),
        }
    }

    /// The keys of an object within, or `None` where the key is missing or null.
    pub(crate) fn object(self, key: &str) -> Result<Option<Keys<'a>>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(Keys(map))),
            Some(value) => Err(Error::config(key, format!("is {value}, not an object"))),
        }
    }
}
