//! Running until told to stop.

use std::{io, time::Instant};

use axum::serve::ListenerExt as _;
use tokio::{net::TcpListener, sync::oneshot};

use super::{Service, routes::routes};

/// Serves until `stop` completes. Then no connection and no request is taken any more, and running answers have
/// [`ServerOptions::drain`](super::ServerOptions::drain) to come to their end. True when all did.
///
/// # Errors
/// The listener fails.
pub async fn serve(
    listener: TcpListener,
    service: Service,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<bool> {
    let drain = service.options().drain;
    let (told, stopping) = oneshot::channel();
    let closing = service.clone();
    let stop = async move {
        stop.await;
        for host in closing.hosts() {
            host.engine().close();
        }
        let _ = told.send(());
    };
    // Tokens are small packets that must not wait for one another.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection sends late");
        }
    });
    let serving = axum::serve(listener, routes(service.clone())).with_graceful_shutdown(stop);
    let deadline = async {
        // Without a sender the stop is never coming.
        if stopping.await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(drain).await;
    };
    let begun = Instant::now();
    tokio::select! {
        ended = serving.into_future() => ended?,
        () = deadline => {
            tracing::warn!(seconds = drain.as_secs(), "answers were cut off: they took too long after the stop");
            return Ok(false);
        }
    }
    tracing::info!(
        duration_ms = begun.elapsed().as_millis(),
        "the server has stopped"
    );
    let engines = service.clone();
    let join = move || engines.hosts().iter().for_each(|host| host.engine().join());
    // A panic of the engine's thread has been told of by the engine.
    let _ = tokio::task::spawn_blocking(join).await;
    Ok(true)
}
