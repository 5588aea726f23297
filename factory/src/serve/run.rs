//! Running until told to stop.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::ServeOptions;
use super::routes::routes;
use super::state::Served;
use crate::episodes::Episodes;

/// Serves until `stop` completes. Then nothing new is begun, what is under way has [`ServeOptions::drain`] to come to its
/// end, and all episodes end with their sandboxes. True when nothing was cut off.
pub async fn serve(
    listener: TcpListener,
    episodes: Episodes,
    options: ServeOptions,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<bool> {
    let drain = options.drain;
    let episodes = Arc::new(episodes);
    let served = Served {
        episodes: episodes.clone(),
        options: Arc::new(options),
    };
    let watch = tokio::spawn(episodes.clone().watch());
    let (told, stopping) = oneshot::channel();
    let closing = episodes.clone();
    let stop = async move {
        stop.await;
        closing.refuse();
        let _ = told.send(Instant::now() + drain);
    };
    // Answers are small packets that must not wait for one another.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection sends late");
        }
    });
    let serving = axum::serve(listener, routes(served)).with_graceful_shutdown(stop);
    let deadline = async {
        match stopping.await {
            Ok(deadline) => tokio::time::sleep_until(deadline.into()).await,
            // Without a sender the stop is never coming.
            Err(_) => std::future::pending().await,
        }
    };
    let began = Instant::now();
    let is_answered = tokio::select! {
        ended = serving.into_future() => { ended?; true }
        () = deadline => false,
    };
    watch.abort();
    // Those whose clients have left may still be under way.
    let left = if is_answered { drain } else { Duration::ZERO };
    let is_whole = episodes.end(left).await && is_answered;
    if !is_whole {
        tracing::warn!(
            drain_s = drain.as_secs(),
            "steps or grades were cut off: they took too long after the stop"
        );
    }
    tracing::info!(
        duration_ms = began.elapsed().as_millis(),
        "the server has stopped"
    );
    Ok(is_whole)
}
