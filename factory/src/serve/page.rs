//! `GET /docs`: the description for people, in one page that loads nothing from elsewhere.

use axum::http::StatusCode;
use axum::response::Html;
use minijinja::value::{Serde, ValueKind};
use minijinja::{Environment, UndefinedBehavior, Value};

use super::{ApiError, openapi};

const TEMPLATE: &str = include_str!("page/docs.html");

/// `GET /docs`.
pub(super) async fn show() -> Result<Html<String>, ApiError> {
    page().map(Html).map_err(|error| {
        let message = format!("the page cannot be made: {error:#}; /openapi.json has the same");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    })
}

fn page() -> Result<String, minijinja::Error> {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Chainable);
    // The name ends in `.html`, for which minijinja escapes whatever is put in.
    templates.add_template("docs.html", TEMPLATE)?;
    templates.add_filter("prose", prose);
    let description = Value::from(Serde(openapi::document()));
    templates.get_template("docs.html")?.render(description)
}

/// A description with what stands between backticks as code.
fn prose(text: &Value) -> Value {
    if text.kind() != ValueKind::String {
        return Value::from("");
    }
    let text = text.to_string();
    let mut shown = String::with_capacity(text.len());
    for (index, part) in text.split('`').enumerate() {
        let part = html_escape::encode_text(part);
        if index % 2 == 1 {
            shown.extend(["<code>", &part, "</code>"]);
        } else {
            shown.push_str(&part);
        }
    }
    Value::from_safe_string(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_endpoint_and_every_type_and_loads_nothing() {
        let page = page().unwrap();
        let document = openapi::document();
        let paths = document["paths"].as_object().unwrap().keys();
        let types = document["components"]["schemas"].as_object().unwrap();
        for name in paths.chain(types.keys()) {
            let shown = name.replace('/', "&#x2f;");
            assert!(page.contains(name) || page.contains(&shown), "{name}");
        }
        for types in types.values() {
            let fields = types["properties"].as_object();
            for (field, schema) in fields.into_iter().flatten() {
                assert!(page.contains(field), "{field}: {schema}");
            }
        }
        let told = page.matches("The key is missing or wrong").count();
        assert_eq!(told, 1, "refusals are told once, not for every endpoint");
        for outside in ["src=", "<link", "@import", "http-equiv", "<script"] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}
