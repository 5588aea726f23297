//! Chat templates as published, against transformers' `apply_chat_template`; see `golden/make_templates.py`.

use serde_json::Value;
use swemill_model::template::ChatTemplate;

#[test]
fn fifty_conversations_with_tools_give_the_text_of_transformers_under_every_template() {
    let golden: Value = serde_json::from_str(include_str!("../golden/templates.json")).unwrap();
    let conversations = golden["conversations"].as_array().unwrap();
    assert_eq!(conversations.len(), 50);
    let mut wrong = Vec::new();
    for (name, template) in golden["templates"].as_object().unwrap() {
        let text = |key: &str| template[key].as_str().unwrap();
        let compiled = ChatTemplate::new(text("source"), text("begin"), text("end")).unwrap();
        let expected = template["texts"].as_array().unwrap();
        for (index, (conversation, expected)) in conversations.iter().zip(expected).enumerate() {
            let found = compiled.render(
                conversation["messages"].as_array().unwrap(),
                conversation["tools"].as_array().map(Vec::as_slice),
                conversation["add_generation_prompt"].as_bool().unwrap(),
                &conversation["extra"],
            );
            // `null` is a conversation that the template, or Python under it, refuses.
            if found.as_deref().ok() != expected.as_str() {
                wrong.push(format!(
                    "{name}, conversation {index}:\n expected {expected}\n found    {found:?}"
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
