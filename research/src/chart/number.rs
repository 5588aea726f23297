//! Numbers as people read them.

/// A number with at most three digits and a suffix for its magnitude, such as 190M or 5.2T.
pub fn magnitude(value: f64) -> String {
    let suffixes = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")];
    // Rounding to three digits first lets 999,600 be 1M.
    let found = suffixes
        .iter()
        .find(|(size, _)| value.abs() >= 0.9995 * size);
    let (size, suffix) = found.copied().unwrap_or((1.0, ""));
    let scaled = value / size;
    let decimals = match scaled.abs() {
        large if large >= 99.95 => 0,
        middle if middle >= 9.995 => 1,
        _ => 2,
    };
    let text = format!("{scaled:.decimals$}");
    let text = if decimals > 0 {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    format!("{text}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::magnitude;

    #[test]
    fn magnitudes_have_three_digits_and_a_suffix() {
        let said = [190_354_176.0, 1_279_395_840.0, 5.0e12, 999_600.0, 12.0, 0.5].map(magnitude);
        assert_eq!(said, ["190M", "1.28B", "5T", "1M", "12", "0.5"]);
    }
}
