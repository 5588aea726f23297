//! A server of a test.

use std::{collections::HashMap, net::SocketAddr};

use reqwest::Response;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    Host, Tokenizer,
    engine::{
        Settings,
        testing::{ArithmeticModel, END, small},
    },
    host::Words,
    server::{ServerOptions, Service, serve},
};

/// One token a byte, an end and a mark.
pub(super) fn byte_tokenizer() -> Tokenizer {
    let mut next = 0x100;
    let mut letter = |byte: u8| {
        let printable = matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
        if printable {
            char::from(byte)
        } else {
            next += 1;
            char::from_u32(next - 1).unwrap()
        }
    };
    let vocabulary: HashMap<String, u32> = (0..=u8::MAX)
        .map(|byte| (letter(byte).to_string(), u32::from(byte)))
        .collect();
    let added = |id: u32, content: &str| json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true});
    let level = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false});
    let json = json!({
        "version": "1.0",
        "added_tokens": [added(256, "<end>"), added(257, "<mark>")],
        "pre_tokenizer": level,
        "decoder": level,
        "model": {"type": "BPE", "vocab": vocabulary, "merges": []},
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), json.to_string()).unwrap();
    Tokenizer::from_file(file.path()).unwrap()
}

const TEMPLATE: &str = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}<mark>";

/// A running server.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) service: Service,
    pub(super) client: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<std::io::Result<bool>>,
}

/// Settings with room for the conversations of tests.
pub(super) fn settings() -> Settings {
    Settings {
        blocks: 512,
        block_tokens: 16,
        step_tokens: 256,
        ..small()
    }
}

/// A server with the model `m`.
pub(super) async fn start(
    settings: Settings,
    options: ServerOptions,
    change: impl FnOnce(&mut ArithmeticModel),
) -> Server {
    let mut model = ArithmeticModel::new(settings.block_tokens, 4096);
    change(&mut model);
    let words = Words {
        tokenizer: byte_tokenizer(),
        chat_template: Some(TEMPLATE.into()),
        begin: None,
        ends: vec![END],
    };
    let host = Host::new("m", Box::new(model), words, settings).unwrap();
    let service = Service::new(vec![host], Vec::new(), options);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async {
        let _ = stopped.await;
    };
    Server {
        address,
        running: tokio::spawn(serve(listener, service.clone(), stopped)),
        service,
        client: reqwest::Client::builder().no_proxy().build().unwrap(),
        stop: Some(stop),
    }
}

/// A server with default limits.
pub(super) async fn plain(change: impl FnOnce(&mut ArithmeticModel)) -> Server {
    start(settings(), ServerOptions::default(), change).await
}

impl Server {
    pub(super) async fn post(&self, path: &str, body: &Value) -> Response {
        let url = format!("http://{}{path}", self.address);
        let request = self.client.post(url).body(body.to_string());
        request.send().await.unwrap()
    }

    pub(super) async fn get(&self, path: &str) -> Response {
        let url = format!("http://{}{path}", self.address);
        self.client.get(url).send().await.unwrap()
    }

    /// A chat whose answer is whole, with more fields.
    pub(super) async fn chat(&self, more: Value) -> Value {
        let response = self.post("/v1/chat/completions", &chat(more)).await;
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{status}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// The chunks of a streamed answer; the last line must be the end's mark.
    pub(super) async fn stream(&self, path: &str, mut body: Value) -> Vec<Value> {
        body["stream"] = json!(true);
        let response = self.post(path, &body).await;
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        chunks(&response.text().await.unwrap())
    }

    pub(super) fn metrics(&self) -> &crate::engine::Metrics {
        self.service.hosts()[0].engine().metrics()
    }

    /// Waits until something is so.
    pub(super) async fn until(&self, what: &str, so: impl Fn(&Self) -> bool) {
        for _ in 0..2000 {
            if so(self) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("it never came to be that {what}");
    }

    /// Tells the server to stop.
    pub(super) fn tell_to_stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    /// Waits for its end: whether all answers came to theirs.
    pub(super) async fn ended(self) -> bool {
        self.running.await.unwrap().unwrap()
    }
}

/// The body of a chat with the model `m`, greedy and short, with more fields.
pub(super) fn chat(more: Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hello"}], "temperature": 0, "max_tokens": 12});
    let Value::Object(more) = more else {
        panic!("{more}")
    };
    body.as_object_mut().unwrap().extend(more);
    body
}

/// The JSON of a response.
pub(super) async fn json_of(response: Response) -> Value {
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

/// The chunks of an event stream.
pub(super) fn chunks(text: &str) -> Vec<Value> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let mut lines: Vec<&str> = lines.collect();
    assert_eq!(lines.pop(), Some("[DONE]"), "{text}");
    lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
