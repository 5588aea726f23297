//! Any server with the `OpenAI` chat-completions interface.

mod pace;
mod retry;
mod wire;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use serde_json::Value;

use super::{Completion, Lm, LmError, Query};
use pace::Pace;
use retry::{Retry, Wait};

pub use wire::Prices;

/// How a server is used.
#[derive(Clone, Debug)]
pub struct OpenAiOptions {
    /// The address up to and including the version, such as `http://localhost:8000/v1`.
    pub base_url: String,
    /// The model, as the server calls it.
    pub model: String,
    /// The key, if the server wants one. It is sent to the server and shown nowhere.
    pub key: Option<Key>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Sampling seed.
    pub seed: Option<u64>,
    /// Strings that end an answer.
    pub stop: Vec<String>,
    /// Further fields of each request, such as `top_p`.
    pub extra: serde_json::Map<String, Value>,
    /// Time of one answer.
    pub timeout: Duration,
    /// Times that a failed request is sent again.
    pub retries: u32,
    /// The first wait between tries; it doubles each time.
    pub first_wait: Duration,
    /// The longest wait that is borne, a server's own `Retry-After` included.
    pub longest_wait: Duration,
    /// Requests at one time.
    pub concurrency: usize,
    /// Requests a minute, if bounded.
    pub requests_a_minute: Option<u32>,
    /// What tokens cost.
    pub prices: Prices,
}

/// A key that is not printed.
#[derive(Clone)]
pub struct Key(pub String);

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Key(…)")
    }
}

impl OpenAiOptions {
    /// A model of a server, everything else as it usually is.
    pub fn new(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            model: model.into(),
            key: None,
            temperature: None,
            seed: None,
            stop: Vec::new(),
            extra: serde_json::Map::new(),
            timeout: Duration::from_mins(10),
            retries: 6,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_mins(1),
            concurrency: 64,
            requests_a_minute: None,
            prices: Prices::default(),
        }
    }
}

/// A model behind a server. Copies share its connections and its pace.
#[derive(Clone, Debug)]
pub struct OpenAi {
    options: Arc<OpenAiOptions>,
    client: reqwest::Client,
    pace: Arc<Pace>,
}

impl OpenAi {
    /// Makes a client; nothing is sent yet.
    pub fn new(options: OpenAiOptions) -> Result<Self, LmError> {
        let client = reqwest::Client::builder()
            .timeout(options.timeout)
            .build()
            .map_err(|error| LmError::Unavailable {
                model: options.model.clone(),
                attempts: 0,
                reason: chain(&error),
            })?;
        let pace = Arc::new(Pace::new(options.concurrency, options.requests_a_minute));
        Ok(Self {
            options: Arc::new(options),
            client,
            pace,
        })
    }

    /// The same server and pace, asked with another seed.
    pub fn with_seed(&self, seed: u64) -> Self {
        let mut copy = self.clone();
        Arc::make_mut(&mut copy.options).seed = Some(seed);
        copy
    }

    /// Sends a request once.
    async fn send(&self, body: &[u8]) -> Result<Completion, Failure> {
        let url = format!(
            "{}/chat/completions",
            self.options.base_url.trim_end_matches('/')
        );
        let mut request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json");
        if let Some(key) = &self.options.key {
            request = request.header(AUTHORIZATION, format!("Bearer {}", key.0));
        }
        let response = request.body(body.to_vec()).send().await;
        let response = response.map_err(|error| self.broken(&error))?;
        let status = response.status();
        let wait = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(retry::asked_wait);
        let bytes = response
            .bytes()
            .await
            .map_err(|error| self.broken(&error))?;
        if status.is_success() {
            return wire::completion(&bytes, &self.options.prices).map_err(|reason| Failure {
                error: LmError::Unreadable {
                    model: self.options.model.clone(),
                    reason,
                },
                wait,
                is_passing: true,
            });
        }
        Err(self.refused(status.as_u16(), &bytes, wait))
    }

    /// A status that is no success.
    fn refused(&self, status: u16, bytes: &[u8], wait: Option<Duration>) -> Failure {
        let model = self.options.model.clone();
        let (reason, code) = wire::error(bytes);
        let is_passing = matches!(status, 408 | 409 | 425 | 429) || status >= 500;
        let error = if wire::is_overflow(status, &code, &reason) {
            return Failure {
                error: LmError::ContextOverflow { model, reason },
                wait: None,
                is_passing: false,
            };
        } else if is_passing {
            LmError::Unavailable {
                model,
                attempts: 1,
                reason: format!("status {status}: {reason}"),
            }
        } else {
            LmError::Refused {
                model,
                status,
                reason,
            }
        };
        Failure {
            error,
            wait,
            is_passing,
        }
    }

    /// No answer at all, or one that broke off.
    fn broken(&self, error: &reqwest::Error) -> Failure {
        let model = self.options.model.clone();
        let error = if error.is_timeout() {
            LmError::TimedOut {
                model,
                limit: self.options.timeout,
            }
        } else {
            LmError::Unavailable {
                model,
                attempts: 1,
                reason: chain(error),
            }
        };
        Failure {
            error,
            wait: None,
            is_passing: true,
        }
    }
}

/// A request that failed.
struct Failure {
    error: LmError,
    wait: Option<Duration>,
    is_passing: bool,
}

#[async_trait]
impl Lm for OpenAi {
    fn name(&self) -> &str {
        &self.options.model
    }

    async fn complete(&self, query: Query<'_>) -> Result<Completion, LmError> {
        let body = wire::request(&self.options, &query);
        let mut retry = Retry::new(&self.options);
        loop {
            let failure = {
                let _turn = self.pace.turn().await;
                let begun = Instant::now();
                match self.send(&body).await {
                    Ok(completion) => {
                        return Ok(Completion {
                            seconds: Some(begun.elapsed().as_secs_f64()),
                            ..completion
                        });
                    }
                    Err(failure) => failure,
                }
            };
            if !failure.is_passing {
                return Err(failure.error);
            }
            match retry.wait(failure.wait) {
                Wait::For(time) => {
                    tracing::debug!(lm.model = %self.options.model, error = %failure.error, wait_ms = time.as_millis(), "asking again");
                    tokio::time::sleep(time).await;
                }
                Wait::NoMore { attempts } => return Err(counted(failure.error, attempts)),
            }
        }
    }
}

/// Tells how often it was tried.
fn counted(error: LmError, times: u32) -> LmError {
    match error {
        LmError::Unavailable { model, reason, .. } => LmError::Unavailable {
            model,
            attempts: times,
            reason,
        },
        error => error,
    }
}

/// An error with all that caused it: reqwest's own text leaves the cause out.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += ": ";
        text += &cause.to_string();
        source = cause.source();
    }
    text
}
