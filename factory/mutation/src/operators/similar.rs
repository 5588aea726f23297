//! Which of two names a tired programmer takes for the other.

/// Pairs of words that stand for the two sides of one thing.
const COUNTERPARTS: &[(&str, &str)] = &[
    ("start", "end"),
    ("start", "stop"),
    ("begin", "end"),
    ("first", "last"),
    ("min", "max"),
    ("left", "right"),
    ("lo", "hi"),
    ("low", "high"),
    ("lower", "upper"),
    ("old", "new"),
    ("prev", "next"),
    ("previous", "next"),
    ("key", "value"),
    ("k", "v"),
    ("name", "value"),
    ("src", "dst"),
    ("source", "target"),
    ("row", "col"),
    ("rows", "cols"),
    ("row", "column"),
    ("width", "height"),
    ("x", "y"),
    ("i", "j"),
    ("a", "b"),
    ("before", "after"),
    ("parent", "child"),
    ("open", "close"),
    ("opening", "closing"),
    ("read", "write"),
    ("input", "output"),
    ("host", "port"),
    ("head", "tail"),
    ("prefix", "suffix"),
    ("year", "month"),
    ("month", "day"),
    ("hour", "minute"),
    ("minute", "second"),
    ("hours", "minutes"),
    ("minutes", "seconds"),
    ("args", "kwargs"),
    ("node", "nodes"),
    ("line", "column"),
    ("lineno", "colno"),
    ("u", "v"),
    ("true", "false"),
    ("enter", "exit"),
    ("include", "exclude"),
    ("in", "out"),
    ("pred", "succ"),
    ("encode", "decode"),
    ("load", "dump"),
    ("get", "set"),
    ("add", "remove"),
];

/// How easily `a` is taken for `b`: 0 for not at all, more for more easily. Symmetric.
pub(super) fn likeness(a: &str, b: &str) -> u32 {
    if a == b || a.len() > 64 || b.len() > 64 {
        return 0;
    }
    let (left, right) = (words(a), words(b));
    if left.len() == right.len() {
        let mut differing = left
            .iter()
            .zip(&right)
            .filter(|(x, y)| !x.eq_ignore_ascii_case(y));
        if let (Some((x, y)), None) = (differing.next(), differing.next()) {
            if are_counterparts(x, y) {
                return 100;
            }
            if left.len() > 1 {
                return 60;
            }
        }
    }
    let is_plural = |one: &str, many: &str| {
        one.len() >= 3
            && many
                .strip_prefix(one)
                .is_some_and(|rest| rest == "s" || rest == "es")
    };
    if is_plural(a, b) || is_plural(b, a) {
        return 80;
    }
    let shared = left
        .iter()
        .filter(|word| word.len() > 2 && right.contains(word))
        .count();
    if shared > 0 && shared * 2 >= left.len().max(right.len()) {
        return 40;
    }
    let prefix = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    if prefix >= 4 && prefix * 2 >= a.len().max(b.len()) {
        20
    } else {
        0
    }
}

fn are_counterparts(x: &str, y: &str) -> bool {
    COUNTERPARTS.iter().any(|(p, q)| {
        (x.eq_ignore_ascii_case(p) && y.eq_ignore_ascii_case(q))
            || (x.eq_ignore_ascii_case(q) && y.eq_ignore_ascii_case(p))
    })
}

/// The words of a name: `read_some` and `readSome` are both `read`, `some`.
fn words(name: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut was_lower = false;
    for (at, c) in name.char_indices() {
        let is_break = c == '_' || (was_lower && c.is_uppercase());
        if is_break {
            if at > start {
                found.push(&name[start..at]);
            }
            start = if c == '_' { at + 1 } else { at };
        }
        was_lower = c.is_lowercase() || c.is_numeric();
    }
    if start < name.len() {
        found.push(&name[start..]);
    }
    found
}

/// The most similar of several names, the first of equals.
pub(super) fn most_alike<'n>(name: &str, others: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let mut best = (0, None);
    for other in others {
        let score = likeness(name, other);
        if score > best.0 {
            best = (score, Some(other));
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sides_of_one_thing_are_most_alike() {
        assert_eq!(likeness("start", "end"), 100);
        assert_eq!(likeness("line_start", "line_end"), 100);
        assert_eq!(likeness("startLine", "endLine"), 100);
    }

    #[test]
    fn unrelated_names_are_not_alike() {
        assert_eq!(likeness("token", "parser"), 0);
        assert_eq!(likeness("a", "value"), 0);
        assert_eq!(likeness("same", "same"), 0);
    }

    #[test]
    fn the_best_candidate_wins_over_the_first() {
        let others = ["token_list", "tokens", "index"];
        assert_eq!(most_alike("token", others.into_iter()), Some("tokens"));
    }
}
