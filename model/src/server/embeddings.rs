//! `POST /v1/embeddings`.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ApiError, Service, body::Json, service::aside};
use crate::host::Embedder;

/// The body of a request.
#[derive(Debug, Deserialize)]
pub(super) struct EmbeddingRequest {
    model: String,
    input: Input,
    #[serde(default)]
    encoding_format: Encoding,
    dimensions: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Input {
    Text(String),
    Texts(Vec<String>),
    Tokens(Vec<u32>),
    Lists(Vec<Vec<u32>>),
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    #[default]
    Float,
    /// The bytes of single-precision numbers, smallest byte first.
    Base64,
}

/// Makes vectors.
pub(super) async fn embed(
    State(service): State<Service>,
    Json(request): Json<EmbeddingRequest>,
) -> Result<Answer<Value>, ApiError> {
    let embedder = service.embedder(&request.model)?;
    if request
        .dimensions
        .is_some_and(|it| it != embedder.dimensions())
    {
        let message = format!(
            "`dimensions` must be {}: this model was not trained to be cut shorter",
            embedder.dimensions()
        );
        return Err(ApiError::invalid("dimensions", message));
    }
    let (encoding, model) = (request.encoding_format, request.model);
    let (input, most) = (request.input, service.options().texts);
    let work = move || {
        let texts = tokens(&embedder, input, most)?;
        let vectors = embedder.embed(&texts)?;
        Ok((texts.iter().map(Vec::len).sum::<usize>(), vectors))
    };
    let (tokens, vectors) = aside(work).await?;
    let entry = |(index, vector): (usize, Vec<f32>)| {
        let vector = match encoding {
            Encoding::Float => json!(vector),
            Encoding::Base64 => {
                let bytes: Vec<u8> = vector.into_iter().flat_map(f32::to_le_bytes).collect();
                json!(BASE64_STANDARD.encode(bytes))
            }
        };
        json!({"object": "embedding", "index": index, "embedding": vector})
    };
    let data: Vec<Value> = vectors.into_iter().enumerate().map(entry).collect();
    Ok(Answer(json!({
        "object": "list",
        "data": data,
        "model": model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    })))
}

fn tokens(embedder: &Arc<Embedder>, input: Input, most: usize) -> Result<Vec<Vec<u32>>, ApiError> {
    let lists = match input {
        Input::Text(text) => vec![embedder.tokens(&text)?],
        Input::Texts(texts) => {
            check_count(texts.len(), most)?;
            texts
                .iter()
                .map(|text| embedder.tokens(text))
                .collect::<Result<_, _>>()?
        }
        Input::Tokens(tokens) => vec![tokens],
        Input::Lists(lists) => lists,
    };
    check_count(lists.len(), most)?;
    for list in &lists {
        if list.len() > embedder.context() {
            return Err(ApiError::context("input", list.len(), embedder.context()));
        }
        embedder
            .check(list)
            .map_err(|reason| ApiError::invalid("input", reason))?;
    }
    Ok(lists)
}

fn check_count(count: usize, most: usize) -> Result<(), ApiError> {
    if count == 0 || count > most {
        let message = format!("`input` must be 1 to {most} texts, and is {count}");
        return Err(ApiError::invalid("input", message));
    }
    Ok(())
}
