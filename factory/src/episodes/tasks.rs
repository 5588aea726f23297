//! Work that goes on when whoever asked for it has left.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// The tasks of a server, which end before it does.
#[derive(Debug, Default)]
pub(super) struct Tasks(Mutex<JoinSet<()>>);

impl Tasks {
    /// Starts work. What is returned waits for its result; dropping that does not stop the work. There is no result where
    /// the work panicked or was cut off by [`Tasks::end`].
    pub(super) fn start<T, F>(&self, work: F) -> impl Future<Output = Option<T>> + use<T, F>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while running.try_join_next().is_some() {}
        running.spawn(async move {
            // The one who waits may have left.
            let _ = tell.send(work.await);
        });
        async { told.await.ok() }
    }

    /// Waits for all work, and cuts off what takes longer. Whether all came to its end.
    pub(super) async fn end(&self, within: Duration) -> bool {
        let mut running =
            std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let all = async { while running.join_next().await.is_some() {} };
        let is_done = tokio::time::timeout(within, all).await.is_ok();
        running.shutdown().await;
        is_done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_goes_on_when_nobody_waits_for_it_and_a_panic_has_no_result() {
        let tasks = Tasks::default();
        let (tell, told) = oneshot::channel();
        drop(tasks.start(async move { tell.send(1) }));
        assert_eq!(told.await, Ok(1));
        assert_eq!(
            tasks.start(async { panic!("on purpose") }).await,
            None::<()>
        );
        assert!(tasks.end(Duration::from_secs(10)).await);
    }

    #[tokio::test]
    async fn work_that_takes_too_long_is_cut_off() {
        let tasks = Tasks::default();
        let waiting = tasks.start(std::future::pending::<()>());
        assert!(!tasks.end(Duration::from_millis(20)).await);
        assert_eq!(waiting.await, None);
    }
}
