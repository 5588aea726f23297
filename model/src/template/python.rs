//! What Jinja's Python original does and templates rely on.

use std::time::{SystemTime, UNIX_EPOCH};

use minijinja::{
    Error, ErrorKind, Output, State,
    value::{Kwargs, Value, ValueKind},
};
use serde::Serialize as _;
use serde_json::ser::{Formatter, Serializer};

/// Prints values as Python does: `True`, `False` and `None` where Rust would say otherwise.
pub(super) fn format(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    let word = match value.kind() {
        ValueKind::None => Some("None"),
        ValueKind::Bool if value.is_true() => Some("True"),
        ValueKind::Bool => Some("False"),
        _ => None,
    };
    match word {
        Some(word) => out.write_str(word).map_err(Error::from),
        None => minijinja::escape_formatter(out, state, value),
    }
}

/// `tojson` of transformers: `json.dumps` with `ensure_ascii=False`, which writes spaces after commas and colons and escapes no HTML.
#[expect(
    clippy::needless_pass_by_value,
    reason = "minijinja hands arguments over by value"
)]
pub(super) fn tojson(value: Value, options: Kwargs) -> Result<Value, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let separators: Option<Vec<String>> = options.get("separators")?;
    let sorted: Option<bool> = options.get("sort_keys")?;
    let _: Option<bool> = options.get("ensure_ascii")?;
    options.assert_all_used()?;
    let mut json = serde_json::to_value(&value).map_err(unserialisable)?;
    if sorted == Some(true) {
        json.sort_all_objects();
    }
    let (item, key) = match separators.as_deref() {
        Some([item, key]) => (item.clone(), key.clone()),
        _ if indent.is_some() => (",".to_owned(), ": ".to_owned()),
        _ => (", ".to_owned(), ": ".to_owned()),
    };
    let formatter = PythonFormatter {
        item,
        key,
        indent,
        depth: 0,
        empty: false,
    };
    let text = write(&json, formatter).map_err(unserialisable)?;
    Ok(Value::from_safe_string(text))
}

/// JSON in the layout that `tojson` has without options.
pub(super) fn json_like_python(json: &serde_json::Value) -> String {
    let formatter = PythonFormatter {
        item: ", ".to_owned(),
        key: ": ".to_owned(),
        indent: None,
        depth: 0,
        empty: false,
    };
    write(json, formatter).expect("writing JSON to memory does not fail")
}

fn write(json: &serde_json::Value, formatter: PythonFormatter) -> serde_json::Result<String> {
    let mut text = Vec::new();
    json.serialize(&mut Serializer::with_formatter(&mut text, formatter))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn unserialisable(error: serde_json::Error) -> Error {
    Error::new(ErrorKind::BadSerialization, "the value is no JSON").with_source(error)
}

/// The layout of Python's `json.dumps`.
struct PythonFormatter {
    item: String,
    key: String,
    indent: Option<usize>,
    depth: usize,
    empty: bool,
}

type Written = std::io::Result<()>;

impl PythonFormatter {
    fn open<W: ?Sized + std::io::Write>(&mut self, writer: &mut W, bracket: &[u8]) -> Written {
        self.depth += 1;
        self.empty = true;
        writer.write_all(bracket)
    }

    fn close<W: ?Sized + std::io::Write>(&mut self, writer: &mut W, bracket: &[u8]) -> Written {
        self.depth -= 1;
        if !self.empty {
            self.new_line(writer)?;
        }
        self.empty = false;
        writer.write_all(bracket)
    }

    fn next<W: ?Sized + std::io::Write>(&mut self, writer: &mut W, first: bool) -> Written {
        self.empty = false;
        if !first {
            writer.write_all(self.item.as_bytes())?;
        }
        self.new_line(writer)
    }

    fn new_line<W: ?Sized + std::io::Write>(&self, writer: &mut W) -> Written {
        match self.indent {
            None => Ok(()),
            Some(width) => write!(writer, "\n{:1$}", "", width * self.depth),
        }
    }
}

impl Formatter for PythonFormatter {
    fn begin_array<W: ?Sized + std::io::Write>(&mut self, writer: &mut W) -> Written {
        self.open(writer, b"[")
    }

    fn end_array<W: ?Sized + std::io::Write>(&mut self, writer: &mut W) -> Written {
        self.close(writer, b"]")
    }

    fn begin_array_value<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> Written {
        self.next(writer, first)
    }

    fn begin_object<W: ?Sized + std::io::Write>(&mut self, writer: &mut W) -> Written {
        self.open(writer, b"{")
    }

    fn end_object<W: ?Sized + std::io::Write>(&mut self, writer: &mut W) -> Written {
        self.close(writer, b"}")
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> Written {
        self.next(writer, first)
    }

    fn write_f64<W: ?Sized + std::io::Write>(&mut self, writer: &mut W, value: f64) -> Written {
        writer.write_all(float(value).as_bytes())
    }

    fn begin_object_value<W: ?Sized + std::io::Write>(&mut self, writer: &mut W) -> Written {
        writer.write_all(self.key.as_bytes())
    }
}

/// A number as Python's `repr` spells it: the shortest digits that give it back, with an exponent of two digits or more where it
/// is below 1e-4 or at least 1e16.
fn float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific
        .split_once('e')
        .expect("finite numbers are written with an exponent, and JSON holds no others");
    let exponent: i32 = exponent
        .parse()
        .expect("the exponent of a double is a small whole number");
    if value != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    format!("{value:?}")
}

/// The date of today in UTC, by the directives that templates use (`%d %B %Y` and the like).
#[expect(
    clippy::needless_pass_by_value,
    reason = "minijinja hands arguments over by value"
)]
pub(super) fn strftime_now(layout: String) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    strftime(&layout, now.as_secs())
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = [
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
];

fn strftime(layout: &str, seconds: u64) -> String {
    let (year, month, day) = civil(seconds / 86_400);
    let name = MONTHS[month - 1];
    let weekday = DAYS[usize::try_from(seconds / 86_400 % 7).unwrap_or_default()];
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let mut text = String::new();
    let mut letters = layout.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            text.push(letter);
            continue;
        }
        let part = match letters.next() {
            Some('d') => format!("{day:02}"),
            Some('m') => format!("{month:02}"),
            Some('Y') => format!("{year}"),
            Some('y') => format!("{:02}", year % 100),
            Some('B') => name.to_owned(),
            Some('b') => name[..3].to_owned(),
            Some('A') => weekday.to_owned(),
            Some('a') => weekday[..3].to_owned(),
            Some('H') => format!("{hour:02}"),
            Some('M') => format!("{minute:02}"),
            Some('S') => format!("{second:02}"),
            Some(other) if other != '%' => format!("%{other}"),
            _ => "%".to_owned(),
        };
        text.push_str(&part);
    }
    text
}

/// Year, month and day of a day since 1970-01-01 (Hinnant, `civil_from_days`, "chrono-Compatible Low-Level Date Algorithms").
fn civil(days: u64) -> (u64, usize, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, usize::try_from(month).unwrap_or(1), day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spelled_as_python_spells_them() {
        for (value, expected) in [
            (1e-7, "1e-07"),
            (0.00012, "0.00012"),
            (0.000_012, "1.2e-05"),
            (1e15, "1000000000000000.0"),
            (1.25e16, "1.25e+16"),
            (-1.5e300, "-1.5e+300"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
        ] {
            assert_eq!(float(value), expected);
        }
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(strftime("%d %B %Y", 0), "01 January 1970");
        assert_eq!(
            strftime("%a %d %b %Y %H:%M:%S %%", 951_827_696),
            "Tue 29 Feb 2000 12:34:56 %"
        );
        assert_eq!(strftime("%Y-%m-%d", 4_102_444_799), "2099-12-31");
    }
}
