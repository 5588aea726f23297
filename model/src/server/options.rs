//! The limits of a server.

use std::time::Duration;

use super::http::Key;

/// What a server allows.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// The key that clients must show, if any.
    pub api_key: Option<Key>,
    /// Bytes of a request at most.
    pub body_bytes: usize,
    /// How long a client may take to send its request.
    pub body_time: Duration,
    /// Answers that one request may ask for: its prompts times `n`.
    pub choices: usize,
    /// Texts that one request may want vectors of.
    pub texts: usize,
    /// How long running answers may go on when the server is told to stop.
    pub drain: Duration,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            api_key: None,
            body_bytes: 8 << 20,
            body_time: Duration::from_secs(30),
            choices: 128,
            texts: 2048,
            drain: Duration::from_secs(30),
        }
    }
}
