//! Reading predictions: SWE-bench's JSON lines, a JSON list of the same, or mini-swe-agent's object by instance.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// What a model submitted for an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Prediction {
    /// The instance.
    pub instance_id: String,
    /// The model, as it calls itself.
    pub model: String,
    /// The diff; `None` where the prediction has `null`.
    pub patch: Option<String>,
}

/// Something that is wrong with a file of predictions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct Problem {
    /// The line, or the number or key of the prediction.
    pub place: String,
    /// What is wrong.
    pub problem: String,
}

/// The name of a model that tells none.
const NAMELESS: &str = "unknown";

/// Reads predictions. Every problem of the file is told, not only the first.
pub fn read(bytes: &[u8]) -> Result<Vec<Prediction>, Vec<Problem>> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.trim_start_matches('\u{feff}'),
        Err(error) => {
            let before = &bytes[..error.valid_up_to()];
            let line = before.split(|byte| *byte == b'\n').count();
            return Err(vec![problem(format!("line {line}"), "it is not UTF-8")]);
        }
    };
    let rows = match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(items)) => numbered(items, "prediction"),
        Ok(Value::Object(fields)) if !fields.contains_key("instance_id") => by_key(fields),
        // A single prediction on a line, or on several.
        Ok(value) => vec![("line 1".to_owned(), Ok(value))],
        Err(_) => lines(text),
    };
    let mut predictions = Vec::new();
    let mut problems = Vec::new();
    let mut first: BTreeMap<(String, String), String> = BTreeMap::new();
    for (place, row) in rows {
        match row.and_then(|row| prediction(&row)) {
            Err(what) => problems.push(problem(place, what)),
            Ok(prediction) => {
                let key = (prediction.model.clone(), prediction.instance_id.clone());
                if let Some(earlier) = first.get(&key) {
                    let what = format!(
                        "{} has a prediction of {} at {earlier} already",
                        prediction.instance_id, prediction.model
                    );
                    problems.push(problem(place, what));
                    continue;
                }
                first.insert(key, place);
                predictions.push(prediction);
            }
        }
    }
    if problems.is_empty() {
        Ok(predictions)
    } else {
        Err(problems)
    }
}

type Row = (String, Result<Value, String>);

fn lines(text: &str) -> Vec<Row> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| {
            let value =
                serde_json::from_str(line).map_err(|error| format!("it is not JSON: {error}"));
            (format!("line {}", number + 1), value)
        })
        .collect()
}

fn numbered(items: Vec<Value>, what: &str) -> Vec<Row> {
    let numbered = items.into_iter().enumerate();
    numbered
        .map(|(number, item)| (format!("{what} {}", number + 1), Ok(item)))
        .collect()
}

/// An object by instance; an entry need not name its instance again, but must not name another.
fn by_key(fields: serde_json::Map<String, Value>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (key, mut value) in fields {
        let place = format!("entry {key:?}");
        let Some(entry) = value.as_object_mut() else {
            rows.push((place, Err("it is no object".to_owned())));
            continue;
        };
        let named = entry
            .entry("instance_id")
            .or_insert_with(|| Value::String(key.clone()));
        if named.as_str() == Some(&key) {
            rows.push((place, Ok(value)));
        } else {
            let what = format!("its instance_id is {named}");
            rows.push((place, Err(what)));
        }
    }
    rows
}

fn prediction(row: &Value) -> Result<Prediction, String> {
    let fields = row.as_object().ok_or("it is no object")?;
    let text = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(format!("{name} is not a string but {}", kind(other))),
    };
    let instance_id = text("instance_id")?
        .filter(|id| !id.is_empty())
        .ok_or("instance_id is missing")?;
    if !fields.contains_key("model_patch") {
        return Err("model_patch is missing".to_owned());
    }
    Ok(Prediction {
        instance_id,
        model: text("model_name_or_path")?.unwrap_or_else(|| NAMELESS.to_owned()),
        patch: text("model_patch")?,
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn problem(place: impl Into<String>, problem: impl Into<String>) -> Problem {
    Problem {
        place: place.into(),
        problem: problem.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let problems = read(text.as_bytes()).unwrap_err();
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn all_three_shapes_give_the_same() {
        let line = r#"{"instance_id": "a", "model_name_or_path": "m", "model_patch": "x"}"#;
        let expected = vec![Prediction {
            instance_id: "a".into(),
            model: "m".into(),
            patch: Some("x".into()),
        }];
        assert_eq!(read(line.as_bytes()).unwrap(), expected);
        assert_eq!(read(format!("\n{line}\n\n").as_bytes()).unwrap(), expected);
        assert_eq!(read(format!("[{line}]").as_bytes()).unwrap(), expected);
        assert_eq!(
            read(format!("{{\"a\": {line}}}").as_bytes()).unwrap(),
            expected
        );
        let without_id = r#"{"a": {"model_name_or_path": "m", "model_patch": "x"}}"#;
        assert_eq!(read(without_id.as_bytes()).unwrap(), expected);
        assert_eq!(read(b"").unwrap(), []);
    }

    #[test]
    fn every_problem_is_told_with_its_line() {
        let text = "{\"instance_id\": \"a\", \"model_patch\": null}\n{bad\n[1]\n{\"instance_id\": 3, \"model_patch\": \"\"}\n\
                    {\"instance_id\": \"b\"}\n{\"instance_id\": \"c\", \"model_patch\": 7}\n{\"instance_id\": \"a\", \"model_patch\": \"\"}\n";
        let problems = problems(text);
        assert_eq!(problems.len(), 6, "{problems:?}");
        assert!(problems[0].starts_with("line 2: it is not JSON"));
        assert_eq!(problems[1], "line 3: it is no object");
        assert_eq!(
            problems[2],
            "line 4: instance_id is not a string but a number"
        );
        assert_eq!(problems[3], "line 5: model_patch is missing");
        assert_eq!(
            problems[4],
            "line 6: model_patch is not a string but a number"
        );
        assert_eq!(
            problems[5],
            "line 7: a has a prediction of unknown at line 1 already"
        );
    }

    #[test]
    fn an_entry_of_another_instance_and_bytes_that_are_no_text_are_refused() {
        let other = r#"{"a": {"instance_id": "b", "model_patch": ""}}"#;
        assert_eq!(problems(other), ["entry \"a\": its instance_id is \"b\""]);
        let bytes = read(b"{}\n\xff").unwrap_err();
        assert_eq!(bytes[0].to_string(), "line 2: it is not UTF-8");
    }
}
