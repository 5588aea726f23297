//! The limits of a server.

use std::time::Duration;

use swemill_model::server::http::Key;

/// What a server allows.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// The key that clients must show, if any.
    pub api_key: Option<Key>,
    /// Bytes of a request at most.
    pub body_bytes: usize,
    /// How long a client may take to send its request.
    pub body_time: Duration,
    /// How long steps and grades may go on when the server is told to stop.
    pub drain: Duration,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            api_key: None,
            body_bytes: 8 << 20,
            body_time: Duration::from_secs(30),
            drain: Duration::from_secs(30),
        }
    }
}
