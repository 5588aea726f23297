//! Rendering a chat template the way transformers does (`apply_chat_template`, `utils/chat_template_utils.py`): Jinja with trimmed
//! blocks, loop controls, Python's string methods, and a few functions of its own.

use minijinja::{Environment, Error, ErrorKind, context, syntax::SyntaxConfig, value::Serde};
use minijinja_contrib::pycompat::unknown_method_callback;
use serde_json::Value;

use super::python;

/// The name that the template has in its environment.
const NAME: &str = "chat";

/// Steps after which a template is stopped: one that loops for ever must not hold up a server. Long conversations take thousands.
const FUEL: u64 = 20_000_000;

/// A compiled chat template.
#[derive(Debug, Clone)]
pub struct ChatTemplate {
    environment: Environment<'static>,
    begin: String,
    end: String,
}

/// A template that cannot be used, or that refuses a conversation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The template itself is wrong.
    #[error("the model's chat template cannot be read: {0:#}")]
    Syntax(Error),
    /// The template does not take these messages.
    #[error("the model's chat template refuses the messages: {0:#}")]
    Refused(Error),
    /// A message is not what the API calls one.
    #[error("messages[{index}]: {reason}")]
    Message {
        /// Its place in the conversation.
        index: usize,
        /// What is wrong with it.
        reason: String,
    },
}

impl ChatTemplate {
    /// Compiles a template; `begin` and `end` are the spellings of the tokens that begin and end a text.
    pub fn new(source: &str, begin: &str, end: &str) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        let mut syntax = SyntaxConfig::builder();
        let syntax = syntax.trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(TemplateError::Syntax)?);
        environment.set_fuel(Some(FUEL));
        environment.set_formatter(python::format);
        environment.set_unknown_method_callback(unknown_method_callback);
        environment.add_function("raise_exception", raise_exception);
        environment.add_function("strftime_now", python::strftime_now);
        environment.add_filter("tojson", python::tojson);
        environment
            .add_template_owned(NAME, without_generation_marks(source))
            .map_err(TemplateError::Syntax)?;
        Ok(Self {
            environment,
            begin: begin.to_owned(),
            end: end.to_owned(),
        })
    }

    /// Whether the template says anything about tools.
    pub fn knows_tools(&self) -> bool {
        self.environment
            .get_template(NAME)
            .is_ok_and(|template| template.undeclared_variables(false).contains("tools"))
    }

    /// The prompt for a conversation. `tools` are `OpenAI`'s definitions, `extra` more variables that a template may know.
    pub fn render(
        &self,
        messages: &[Value],
        tools: Option<&[Value]>,
        add_generation_prompt: bool,
        extra: &Value,
    ) -> Result<String, TemplateError> {
        let template = self
            .environment
            .get_template(NAME)
            .map_err(TemplateError::Syntax)?;
        let own = context! {
            messages => minijinja::Value::from(Serde(messages)),
            tools => minijinja::Value::from(Serde(tools)),
            documents => (),
            add_generation_prompt => add_generation_prompt,
            bos_token => self.begin.as_str(),
            eos_token => self.end.as_str(),
        };
        let all = context! { ..own, ..minijinja::Value::from(Serde(extra)) };
        template.render(all).map_err(TemplateError::Refused)
    }
}

fn raise_exception(message: String) -> Result<String, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message))
}

/// Templates mark what assistants say by `{% generation %}` for training; the marks print nothing.
fn without_generation_marks(source: &str) -> String {
    let mut clean = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let Some(length) = rest[start..].find("%}") else {
            break;
        };
        let block = &rest[start + 2..start + length];
        let word = block.trim_matches(['-', '+']).trim();
        clean.push_str(&rest[..start]);
        if matches!(word, "generation" | "endgeneration") {
            // A block that prints nothing but trims the space around it as the mark did.
            let (left, right) = (block.starts_with('-'), block.ends_with('-'));
            clean.push_str(if left { "{%- " } else { "{% " });
            clean.push_str(if word == "generation" {
                "if true"
            } else {
                "endif"
            });
            clean.push_str(if right { " -%}" } else { " %}" });
        } else {
            clean.push_str(&rest[start..start + length + 2]);
        }
        rest = &rest[start + length + 2..];
    }
    clean + rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn render(source: &str, messages: &[Value]) -> Result<String, TemplateError> {
        ChatTemplate::new(source, "<s>", "</s>")?.render(messages, None, true, &json!({}))
    }

    #[test]
    fn blocks_are_trimmed_and_python_methods_are_known() {
        let source = "{{ bos_token }}\n{% for message in messages %}\n    {%- if message['role'].startswith('u') %}\n<{{ message.content.strip() }}>\n    {% endif %}\n{% endfor %}\n{% if add_generation_prompt %}go{% endif %}\n";
        let messages = [
            json!({"role": "user", "content": " hi "}),
            json!({"role": "system", "content": "no"}),
        ];
        assert_eq!(render(source, &messages).unwrap(), "<s>\n<hi>\ngo");
    }

    #[test]
    fn a_template_may_refuse_a_conversation_in_its_own_words() {
        let error = render("{{ raise_exception('roles must alternate') }}", &[]).unwrap_err();
        assert!(
            matches!(&error, TemplateError::Refused(_))
                && error.to_string().contains("roles must alternate")
        );
    }

    #[test]
    fn python_words_and_json_are_printed_as_python_does() {
        let messages = [json!({"z": 1, "a": [true, null], "text": "é<'"})];
        let json = render("{{ messages[0] | tojson }}", &messages).unwrap();
        assert_eq!(json, r#"{"z": 1, "a": [true, null], "text": "é<'"}"#);
        let words = render(
            "{{ messages[0].a[0] }} {{ messages[0].a[1] }} {{ messages[0].missing }}",
            &messages,
        )
        .unwrap();
        assert_eq!(words, "True None ");
        let indented = render("{{ {'b': [1, 2], 'c': {}} | tojson(indent=2) }}", &[]).unwrap();
        assert_eq!(
            indented,
            "{\n  \"b\": [\n    1,\n    2\n  ],\n  \"c\": {}\n}"
        );
    }

    #[test]
    fn loop_controls_and_generation_marks_are_understood() {
        let source = "{% for m in messages %}{% if loop.index0 == 1 %}{% break %}{% endif %}{% generation %}{{ m.content }}{% endgeneration %}{% endfor %}";
        let messages = [json!({"content": "one"}), json!({"content": "two"})];
        assert_eq!(render(source, &messages).unwrap(), "one");
    }

    #[test]
    fn a_template_without_end_is_stopped() {
        let source =
            "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
        assert!(matches!(
            render(source, &[]),
            Err(TemplateError::Refused(_))
        ));
        assert!(matches!(
            render("{% if %}", &[]),
            Err(TemplateError::Syntax(_))
        ));
    }
}
