//! What a server serves.

use std::sync::Arc;

use axum::http::StatusCode;

use super::{ApiError, ServerOptions, identity, metrics::HttpMetrics};
use crate::host::{Embedder, Host};

/// Models, limits and counters. Cheap to clone: clones share everything.
#[derive(Debug, Clone)]
pub struct Service(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    hosts: Vec<Arc<Host>>,
    embedders: Vec<Arc<Embedder>>,
    options: ServerOptions,
    http: HttpMetrics,
    started: u64,
}

impl Service {
    /// A service of these models. Where two have the same name, the first is found.
    pub fn new(hosts: Vec<Host>, embedders: Vec<Embedder>, options: ServerOptions) -> Self {
        Self(Arc::new(Shared {
            hosts: hosts.into_iter().map(Arc::new).collect(),
            embedders: embedders.into_iter().map(Arc::new).collect(),
            options,
            http: HttpMetrics::default(),
            started: identity::now(),
        }))
    }

    /// The models that write.
    pub fn hosts(&self) -> &[Arc<Host>] {
        &self.0.hosts
    }

    /// The models that make vectors.
    pub fn embedders(&self) -> &[Arc<Embedder>] {
        &self.0.embedders
    }

    /// The limits.
    pub fn options(&self) -> &ServerOptions {
        &self.0.options
    }

    pub(super) fn http(&self) -> &HttpMetrics {
        &self.0.http
    }

    pub(super) fn started(&self) -> u64 {
        self.0.started
    }

    pub(super) fn host(&self, name: &str) -> Result<Arc<Host>, ApiError> {
        let found = self.hosts().iter().find(|host| host.name() == name);
        found.cloned().ok_or_else(|| self.unknown(name))
    }

    pub(super) fn embedder(&self, name: &str) -> Result<Arc<Embedder>, ApiError> {
        let found = self
            .embedders()
            .iter()
            .find(|embedder| embedder.name() == name);
        found.cloned().ok_or_else(|| self.unknown(name))
    }

    /// The names of all models.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let writers = self.hosts().iter().map(|host| host.name());
        writers.chain(self.embedders().iter().map(|embedder| embedder.name()))
    }

    pub(super) fn unknown(&self, name: &str) -> ApiError {
        let names: Vec<&str> = self.names().collect();
        let message = format!(
            "The model `{name}` does not do this here. Served are: {}.",
            names.join(", ")
        );
        ApiError {
            param: Some("model".into()),
            ..ApiError::new(StatusCode::NOT_FOUND, message).code("model_not_found")
        }
    }
}

/// Runs work that takes the processor away from the threads that serve.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| {
        let message = "a defect of the server was met while the request was prepared; its message is on stderr";
        Err(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, message))
    })
}
