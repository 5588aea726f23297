//! The worker: claims jobs, keeps their leases alive, runs their stages, commits what they found.
//!
//! A stage's result and its job's completion are one transaction. A worker that lost its lease cannot
//! commit (the store refuses), and stops what it was doing for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use swemill_store::jobs::{self, Claim, Failed, Job, Lease, Next, Wakeups};
use swemill_store::{Failure, FailureClass};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use crate::events::Event;
use crate::failure::StageError;
use crate::machine::Machine;
use crate::rollouts::{GRADE, ROLLOUT};
use crate::stages::{self, ALL, Done};

/// How long a Postgres that went away is waited for.
const PATIENCE: Duration = Duration::from_mins(5);
/// How long a worker sleeps at most before it looks for jobs again.
const NAP: Duration = Duration::from_secs(2);

/// Jobs that share a bound: stages want processors, attempts mostly wait for models.
#[derive(Clone, Copy, Debug)]
struct Lane {
    kinds: &'static [&'static str],
    at_once: usize,
}

/// A job in work.
struct Held {
    task: AbortHandle,
    /// The place of its lane.
    lane: usize,
}

/// Works on a store's jobs.
pub struct Worker {
    machine: Arc<Machine>,
    lanes: Vec<Lane>,
    owner: String,
    lease: Duration,
    running: JoinSet<Lease>,
    held: HashMap<Lease, Held>,
}

/// Why a worker stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// There was nothing left to do.
    Idle,
    /// It was asked to.
    Interrupted,
}

impl Worker {
    /// A worker of this process for all kinds of jobs.
    pub fn new(machine: Arc<Machine>) -> Self {
        Self::with_stages(machine, ALL)
    }

    /// A worker for rollouts and their grades alone.
    pub fn for_rollouts(machine: Arc<Machine>) -> Self {
        Self::with_stages(machine, &[GRADE])
    }

    fn with_stages(machine: Arc<Machine>, stages: &'static [&'static str]) -> Self {
        let lanes = vec![
            Lane {
                kinds: stages,
                at_once: machine.settings.workers,
            },
            Lane {
                kinds: &[ROLLOUT],
                at_once: machine.settings.attempts_at_once(),
            },
        ];
        let lease = Duration::from_secs(machine.settings.lease_seconds);
        Self {
            owner: owner(),
            lanes,
            machine,
            lease,
            running: JoinSet::new(),
            held: HashMap::new(),
        }
    }

    /// Runs jobs, several at a time, until `stop` turns true or, with `until_idle`, until the queue is empty.
    /// Jobs that are unfinished at a stop go back to the queue.
    pub async fn run(
        mut self,
        until_idle: bool,
        mut stop: watch::Receiver<bool>,
    ) -> anyhow::Result<Stopped> {
        let kinds = self.kinds();
        let mut wakeups = Wakeups::listen(self.machine.pool(), &kinds).await;
        let mut heartbeat = tokio::time::interval(self.lease / 3);
        heartbeat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let stopped = loop {
            if *stop.borrow() {
                break Stopped::Interrupted;
            }
            let mut full = true;
            for lane in 0..self.lanes.len() {
                if self.free(lane) > 0 {
                    self.claim(lane).await?;
                }
                full &= self.free(lane) == 0;
            }
            if self.held.is_empty() && until_idle && self.is_idle().await? {
                break Stopped::Idle;
            }
            tokio::select! {
                Some(ended) = self.running.join_next() => self.forget(ended),
                _ = heartbeat.tick() => self.renew().await?,
                _ = wakeups.wait(NAP), if !full => {}
                changed = stop.changed() => if changed.is_err() { break Stopped::Interrupted },
            }
        };
        self.give_back().await;
        Ok(stopped)
    }

    /// The kinds of all lanes.
    fn kinds(&self) -> Vec<&'static str> {
        self.lanes
            .iter()
            .flat_map(|lane| lane.kinds)
            .copied()
            .collect()
    }

    /// How many more jobs a lane takes.
    fn free(&self, lane: usize) -> usize {
        let held = self.held.values().filter(|held| held.lane == lane).count();
        self.lanes[lane].at_once.saturating_sub(held)
    }

    async fn claim(&mut self, lane: usize) -> anyhow::Result<()> {
        let wanted = Claim {
            kinds: self.lanes[lane].kinds,
            limit: u32::try_from(self.free(lane)).unwrap_or(u32::MAX),
            owner: &self.owner,
            lease: self.lease,
        };
        let pool = self.machine.pool();
        let claimed = self
            .machine
            .store()
            .retry(PATIENCE, || jobs::claim(pool, wanted))
            .await?;
        for job in claimed {
            let lease = job.lease.clone();
            let machine = self.machine.clone();
            let task = self.running.spawn(async move {
                let lease = job.lease.clone();
                attempt(&machine, job).await;
                lease
            });
            self.held.insert(lease, Held { task, lane });
        }
        Ok(())
    }

    /// Whether nobody has anything to do. Jobs that another worker holds are waited for: it may die.
    async fn is_idle(&self) -> anyhow::Result<bool> {
        let pool = self.machine.pool();
        let kinds = self.kinds();
        self.settle_dead().await?;
        Ok(self
            .machine
            .store()
            .retry(PATIENCE, || jobs::unfinished(pool, &kinds))
            .await?
            == 0)
    }

    /// A job that died with its worker (its last lease ran out) still has to be settled.
    async fn settle_dead(&self) -> anyhow::Result<()> {
        let pool = self.machine.pool();
        for dead in self
            .machine
            .store()
            .retry(PATIENCE, || jobs::dead(pool))
            .await?
        {
            let failure = Failure::new(dead.failure_class, dead.last_error);
            let settle = || async {
                let mut transaction = pool.begin().await?;
                stages::settle_dead(&mut transaction, &dead.kind, &dead.payload, &failure).await?;
                transaction.commit().await?;
                Ok(())
            };
            self.machine.store().retry(PATIENCE, settle).await?;
        }
        Ok(())
    }

    async fn renew(&mut self) -> anyhow::Result<()> {
        let leases: Vec<Lease> = self.held.keys().cloned().collect();
        if leases.is_empty() {
            return Ok(());
        }
        let pool = self.machine.pool();
        for lost in self
            .machine
            .store()
            .retry(PATIENCE, || jobs::heartbeat(pool, &leases, self.lease))
            .await?
        {
            if let Some(Held { task, .. }) = self.held.get(&lost) {
                tracing::warn!(
                    job.id = lost.job,
                    "lost the lease; another worker has the job"
                );
                task.abort();
            }
        }
        Ok(())
    }

    fn forget(&mut self, ended: Result<Lease, tokio::task::JoinError>) {
        if let Ok(lease) = ended {
            self.held.remove(&lease);
        } else {
            // Aborted or panicked: the task cannot say which lease it had.
            self.held.retain(|_, held| !held.task.is_finished());
        }
    }

    async fn give_back(&mut self) {
        self.running.shutdown().await;
        let leases: Vec<Lease> = self.held.drain().map(|(lease, _)| lease).collect();
        if !leases.is_empty()
            && let Err(error) = jobs::release(self.machine.pool(), &leases).await
        {
            tracing::warn!(%error, "could not give jobs back; their leases run out by themselves");
        }
    }
}

/// One attempt of a job, to its committed end.
async fn attempt(machine: &Machine, job: Job) {
    let result = stages::run(machine, &job).await;
    let committed = match &result {
        Ok(done) => {
            machine
                .store()
                .retry(PATIENCE, || commit(machine, &job, done))
                .await
        }
        Err(error) => {
            machine
                .store()
                .retry(PATIENCE, || fail(machine, &job, error))
                .await
        }
    };
    match (committed, result) {
        (Ok(()), Ok(done)) => done
            .events()
            .into_iter()
            .for_each(|event| machine.tell(event)),
        (Ok(()), Err(_)) => {}
        (Err(swemill_store::Error::LeaseLost { .. }), _) => {
            tracing::warn!(
                job.id = job.lease.job,
                "the lease was lost; the result is dropped"
            );
        }
        (Err(error), _) => {
            // The lease runs out and the job is tried again.
            tracing::error!(job.id = job.lease.job, %error, "the result could not be committed");
        }
    }
}

async fn commit(machine: &Machine, job: &Job, done: &Done) -> swemill_store::Result<()> {
    let mut transaction = machine.pool().begin().await?;
    done.commit(&mut transaction).await?;
    jobs::complete(&mut transaction, &job.lease).await?;
    transaction.commit().await?;
    Ok(())
}

async fn fail(machine: &Machine, job: &Job, error: &StageError) -> swemill_store::Result<()> {
    let next = if error.retry { Next::Retry } else { Next::Dead };
    let mut transaction = machine.pool().begin().await?;
    let failed = jobs::fail(&mut transaction, &job.lease, &error.failure, next).await?;
    if failed == Failed::Dead {
        stages::settle_dead(&mut transaction, &job.kind, &job.payload, &error.failure).await?;
    }
    transaction.commit().await?;
    let Failure { class, reason } = &error.failure;
    let line = match failed {
        Failed::RetryIn(wait) => format!(
            "{} failed ({class}), again in {:.0} s: {reason}",
            job.kind,
            wait.as_secs_f64()
        ),
        Failed::Dead => format!("{} failed for good ({class}): {reason}", job.kind),
    };
    machine.tell(Event::Stage {
        what: job.key.clone(),
        line,
    });
    if failed == Failed::Dead && (job.kind == ROLLOUT || job.kind == GRADE) {
        machine.tell(Event::Graded { outcome: "failed" });
    }
    if failed == Failed::Dead && job.kind == "validate" {
        machine.tell(Event::Decided {
            outcome: FailureClass::Infra.as_str(),
            ran: 0,
            suite: 0,
        });
    }
    Ok(())
}

/// Names this worker for people: machine and process.
fn owner() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim();
    let host = if host.is_empty() { "unknown" } else { host };
    format!("{host}:{}", std::process::id())
}
