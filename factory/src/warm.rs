//! Processes that wait to run tests, kept from one candidate to the next.

use swemill_harness::{Stage, Warm};
use tokio::sync::Mutex;

/// Those that nobody uses at the moment.
#[derive(Debug)]
pub struct Idle {
    most: usize,
    /// The longest idle first, with their environments' numbers.
    waiting: Mutex<Vec<(i64, Warm)>>,
}

impl Idle {
    /// Keeps at most so many.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            waiting: Mutex::default(),
        }
    }

    /// Takes one of this environment that has come this far.
    pub async fn take(&self, environment_id: i64, stage: Stage) -> Option<Warm> {
        let mut waiting = self.waiting.lock().await;
        let fits = |(id, warm): &(i64, Warm)| *id == environment_id && warm.stage() == stage;
        let place = waiting.iter().rposition(fits)?;
        Some(waiting.remove(place).1)
    }

    /// Gives one back; the longest idle goes when there are too many.
    pub async fn put(&self, environment_id: i64, warm: Warm) {
        let mut waiting = self.waiting.lock().await;
        waiting.push((environment_id, warm));
        let oldest = (waiting.len() > self.most).then(|| waiting.remove(0).1);
        drop(waiting);
        if let Some(oldest) = oldest {
            // Its sandbox ends with it in any case.
            let _ = oldest.stop().await;
        }
    }
}
