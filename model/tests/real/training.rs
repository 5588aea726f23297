//! Data files as a real model's tokenizer and chat template read them.

use serde_json::{Value, json};
use swemill_model::{Opened, Options, training::Reader};

use crate::models;

/// The texts that count in the loss of a line, and the error of one that cannot be read.
fn counted(model: &Opened, line: &Value) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.jsonl");
    std::fs::write(&path, format!("\n{line}\n")).unwrap();
    let reader = Reader::new(model, None).unwrap();
    let documents = reader.read(&path).map_err(|error| error.to_string())?;
    let document = &documents[0];
    let pairs = document.tokens.iter().zip(&document.weights);
    let tokens: Vec<u32> = pairs
        .filter(|(_, weight)| **weight > 0.0)
        .map(|(token, _)| *token)
        .collect();
    Ok(model.tokenizer.decode(&tokens, false).unwrap())
}

#[test]
fn only_what_the_assistant_says_counts_and_only_the_messages_that_loss_spans_name() {
    let Some(installed) = models::installed("smollm2-135m-instruct") else {
        return;
    };
    let model = Opened::open(&installed.weights(), &Options::default()).unwrap();
    let messages = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "One?"},
        {"role": "assistant", "content": "Uno."},
        {"role": "user", "content": "Two?"},
        {"role": "assistant", "content": "Dos."},
    ]);
    let all = counted(&model, &json!({"messages": messages})).unwrap();
    assert_eq!(all, "Uno.<|im_end|>\nDos.<|im_end|>\n");
    let spans = json!([{"message": 4, "start": 0, "end": 4, "tool_calls": false}]);
    let named = counted(&model, &json!({"messages": messages, "loss_spans": spans})).unwrap();
    assert_eq!(named, "Dos.<|im_end|>\n");
    let completion = counted(&model, &json!({"prompt": "1 + 1 =", "completion": " 2"})).unwrap();
    assert_eq!(completion, " 2<|im_end|>");
    let weighted = json!({"tokens": [28, 29, 30], "weights": [0, 1, 0]});
    assert_eq!(
        counted(&model, &weighted).unwrap(),
        model.tokenizer.decode(&[29], false).unwrap()
    );
    for (line, expected) in [
        (json!({"no": 1}), "line 2: it has neither"),
        (json!({"tokens": [50_000_000]}), "outside of the vocabulary"),
        (
            json!({"tokens": [1], "weights": []}),
            "1 tokens and 0 loss weights",
        ),
    ] {
        let error = counted(&model, &line).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}
