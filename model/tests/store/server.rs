//! A hub and a package index in one, on a port of its own, with faults to order.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode, Uri};
use futures_util::StreamExt;
use swemill_model::store::Settings;

/// A request: path, range, authorisation.
type Seen = (String, Option<String>, Option<String>);

/// What a server answers, and what it was asked.
#[derive(Default)]
pub(crate) struct Server {
    pub(crate) files: HashMap<String, Vec<u8>>,
    /// Whether ranges are understood.
    pub(crate) ranges: bool,
    /// Answers that break off half-way, before the whole ones begin.
    pub(crate) cuts: AtomicUsize,
    pub(crate) seen: Mutex<Vec<Seen>>,
}

impl Server {
    pub(crate) fn with(files: &[(&str, &[u8])]) -> Self {
        Self {
            files: files
                .iter()
                .map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec()))
                .collect(),
            ranges: true,
            ..Self::default()
        }
    }

    /// Starts it; the settings lead there and nowhere else.
    pub(crate) async fn start(self) -> (Arc<Self>, Settings) {
        let state = Arc::new(self);
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&state));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let settings = Settings::gather(&|name| match name {
            "HF_ENDPOINT" => Some(format!("http://{address}")),
            "PIP_INDEX_URL" => Some(format!("http://{address}/simple/")),
            "HF_TOKEN" => Some("hf_token".to_owned()),
            "PIP_CONFIG_FILE" => Some("/dev/null".to_owned()),
            _ => None,
        });
        (state, settings.unwrap())
    }
}

async fn answer(State(server): State<Arc<Server>>, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let header = |name: &str| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let path = uri.path().to_owned();
    server
        .seen
        .lock()
        .unwrap()
        .push((path.clone(), header("range"), header("authorization")));
    let Some(bytes) = server.files.get(&path) else {
        return Response::builder()
            .status(StatusCode::NOT_FOUND)
            .body(Body::empty())
            .unwrap();
    };
    let from = header("range").filter(|_| server.ranges).and_then(|range| {
        range
            .strip_prefix("bytes=")?
            .strip_suffix('-')?
            .parse::<usize>()
            .ok()
    });
    let rest = bytes[from.unwrap_or(0)..].to_vec();
    let mut response = Response::builder();
    if let Some(from) = from {
        response = response.status(StatusCode::PARTIAL_CONTENT).header(
            "content-range",
            format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len()),
        );
    }
    let weights = path.ends_with("model.safetensors");
    let cut = weights
        && server
            .cuts
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            })
            .is_ok();
    if cut {
        let half = rest[..rest.len() / 2].to_vec();
        let broken = futures_util::stream::once(async { Ok(half) }).chain(
            futures_util::stream::once(async {
                // So late that the first half is on its way.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                Err(std::io::Error::other("the line broke"))
            }),
        );
        return response
            .header("content-length", rest.len())
            .body(Body::from_stream(broken))
            .unwrap();
    }
    response.body(Body::from(rest)).unwrap()
}

/// A safetensors file with one tensor of `count` zeros.
pub(crate) fn safetensors(count: usize) -> Vec<u8> {
    let header = format!(
        r#"{{"w":{{"dtype":"F32","shape":[{count}],"data_offsets":[0,{}]}}}}"#,
        count * 4
    );
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + count * 4, 0);
    bytes
}

/// A minimal GGUF file with one tensor of 32 numbers.
pub(crate) fn gguf() -> Vec<u8> {
    let text = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let mut bytes = b"GGUF".to_vec();
    bytes.extend(3_u32.to_le_bytes());
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(2_u64.to_le_bytes());
    bytes.extend(text("general.architecture"));
    bytes.extend(8_u32.to_le_bytes());
    bytes.extend(text("llama"));
    bytes.extend(text("llama.context_length"));
    bytes.extend(4_u32.to_le_bytes());
    bytes.extend(128_u32.to_le_bytes());
    bytes.extend(text("w"));
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(32_u64.to_le_bytes());
    bytes.extend(0_u32.to_le_bytes());
    bytes.extend(0_u64.to_le_bytes());
    bytes.resize(bytes.len().div_ceil(32) * 32 + 128, 0);
    bytes
}
