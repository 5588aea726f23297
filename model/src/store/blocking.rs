//! Work that blocks, kept off the threads that serve others.

use super::error::Result;

/// Runs what blocks where it may. A panic there is a defect of this crate and stays one.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
