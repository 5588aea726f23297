//! The interface's description, made of the types that it is written in.

use axum::Json;
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::error::ErrorBody;
use super::rl;

/// What is described. The text is the beginning of the page at `/docs`, too.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "swemill: an environment for reinforcement learning",
        description = "Episodes are attempts at task instances in sealed sandboxes; a trainer's policy decides in them, step by step. \
        reset begins episodes, step carries out answers, grade lets the hidden tests judge, close forgets. A batch is checked as a \
        whole: a status that is no success means that nothing of it was done.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        rl::instances::list,
        rl::instances::show,
        rl::reset::reset,
        rl::step::step,
        rl::grade::grade,
        rl::close::close,
        rl::episodes::list,
        rl::episodes::show,
        rl::health::health,
    ),
    components(schemas(ErrorBody)),
    tags(
        (name = "episodes", description = "What a trainer does"),
        (name = "instances", description = "What there is to attempt"),
        (name = "server", description = "The server itself"),
    )
)]
struct Interface;

/// The description, as `OpenAPI` 3.1 has it.
pub fn document() -> Value {
    let mut document = json!(Interface::openapi());
    document["components"]["securitySchemes"] = json!({"key": {
        "type": "http",
        "scheme": "bearer",
        "description": "Asked for if the server was started with --api-key-env",
    }});
    document["security"] = json!([{}, {"key": []}]);
    document
}

/// `GET /openapi.json`.
pub(super) async fn show() -> Json<Value> {
    Json(document())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_in_docs_is_the_one_that_is_served() {
        let committed = include_str!("../../../docs/openapi.json");
        let committed: Value = serde_json::from_str(committed).unwrap();
        assert_eq!(
            committed,
            document(),
            "write it anew: swemill serve --openapi > docs/openapi.json"
        );
    }

    #[test]
    fn everything_that_is_referred_to_is_there_and_described() {
        let document = document();
        assert_eq!(document["openapi"], "3.1.0");
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let summary = operation["summary"].as_str().unwrap_or_default();
                assert!(!summary.is_empty(), "{method} {path}");
            }
        }
    }
}
