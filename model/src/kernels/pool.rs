//! Threads that share the loop of a kernel.
//!
//! Decoding one token of a small model is a few hundred products of some tens of microseconds each; handing a part to
//! another thread must cost a small share of that. So waiting threads watch for work for a bounded time
//! ([`WATCH`]) and then sleep: between the products of one token they are awake, between requests they
//! cost nothing. Chunks are claimed one at a time and the caller claims too: when the machine is busy with other work and a helper does
//! not get a processor, the caller does its share, and waits for nothing but chunks a helper has begun.

use std::any::Any;
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// How long a thread watches for work before it sleeps: the time between two products of a token, not more.
const WATCH: Duration = Duration::from_micros(60);

/// Threads that run the chunks of one loop at a time.
pub struct Pool {
    shared: Arc<Shared>,
    threads: usize,
    busy: AtomicBool,
}

struct Shared {
    /// Counts loops; changes exactly when a loop is published or the pool closes.
    published: AtomicUsize,
    /// Helpers inside of the current loop.
    inside: AtomicUsize,
    slot: Mutex<Slot>,
    work: Condvar,
    left: Condvar,
}

#[derive(Default)]
struct Slot {
    task: Option<Task>,
    closed: bool,
    /// Helpers asleep on `work`, and whether the caller sleeps on `left`: nobody is woken by a system call in vain.
    sleepers: usize,
    caller_sleeps: bool,
    panic: Option<Box<dyn Any + Send>>,
}

/// The current loop, borrowed from the frame of [`Pool::run`].
#[derive(Clone, Copy)]
struct Task {
    body: *const (dyn Fn(usize) + Sync),
    next: *const AtomicUsize,
    chunks: usize,
}

// SAFETY: both pointers are to values that may be used from any thread (`Sync`), and `Pool::run` does not return
// before every helper that took a copy has left the loop.
unsafe impl Send for Task {}

static GLOBAL: OnceLock<Pool> = OnceLock::new();

/// Makes the process compute on this many threads, here and in candle, instead of what [`Pool::global`] would choose. False when
/// something was computed already: the number of threads stays what it was then.
pub fn start_threads(threads: usize) -> bool {
    let candle = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global();
    candle.is_ok() && GLOBAL.set(Pool::new(threads)).is_ok()
}

impl Pool {
    /// A pool of `threads` threads, the caller of [`Pool::run`] being one of them.
    pub fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            published: AtomicUsize::new(0),
            inside: AtomicUsize::new(0),
            slot: Mutex::new(Slot::default()),
            work: Condvar::new(),
            left: Condvar::new(),
        });
        let mut started = 1;
        for index in 1..threads.max(1) {
            let shared = Arc::clone(&shared);
            let thread = std::thread::Builder::new().name(format!("kernel-{index}"));
            // A machine that refuses a thread gets a smaller pool: the loops are the same.
            if thread.spawn(move || help(&shared)).is_ok() {
                started += 1;
            }
        }
        Self {
            shared,
            threads: started,
            busy: AtomicBool::new(false),
        }
    }

    /// The pool of the process: as many threads as `RAYON_NUM_THREADS` says (candle obeys the same variable), else as
    /// the process may use processors.
    pub fn global() -> &'static Self {
        GLOBAL.get_or_init(|| {
            let asked = std::env::var("RAYON_NUM_THREADS")
                .ok()
                .and_then(|text| text.parse().ok())
                .filter(|&n| n > 0);
            Pool::new(
                asked
                    .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
            )
        })
    }

    /// How many threads run a loop.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Calls `body` once with every number below `chunks`, in any order, on any of the threads, and returns when
    /// all calls have returned. When another thread is running a loop here, or from within a loop, the caller does its
    /// loop alone. A panic of `body` is passed on.
    pub fn run(&self, chunks: usize, body: &(dyn Fn(usize) + Sync)) {
        if self.threads == 1 || chunks <= 1 || self.busy.swap(true, Ordering::Acquire) {
            (0..chunks).for_each(body);
            return;
        }
        let next = AtomicUsize::new(0);
        // SAFETY: only the lifetime changes; `close` below waits for all users before this frame ends.
        let erased: &'static (dyn Fn(usize) + Sync) = unsafe { std::mem::transmute(body) };
        let task = Task {
            body: erased,
            next: &raw const next,
            chunks,
        };
        self.shared.publish(task);
        let own = catch_unwind(AssertUnwindSafe(|| claim(task)));
        let panic = self.shared.close();
        self.busy.store(false, Ordering::Release);
        if let Some(panic) = own.err().or(panic) {
            resume_unwind(panic);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.slot().closed = true;
        self.shared.published.fetch_add(1, Ordering::Release);
        self.shared.work.notify_all();
    }
}

impl Shared {
    fn slot(&self) -> std::sync::MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, task: Task) {
        let mut slot = self.slot();
        slot.task = Some(task);
        self.published.fetch_add(1, Ordering::Release);
        if slot.sleepers > 0 {
            self.work.notify_all();
        }
    }

    /// Lets no more helpers in, waits until all have left, and returns what one of them panicked with.
    fn close(&self) -> Option<Box<dyn Any + Send>> {
        self.slot().task = None;
        if !watch(|| self.inside.load(Ordering::Acquire) == 0) {
            let mut slot = self.slot();
            while self.inside.load(Ordering::Acquire) != 0 {
                slot.caller_sleeps = true;
                slot = self.left.wait(slot).unwrap_or_else(PoisonError::into_inner);
            }
            slot.caller_sleeps = false;
        }
        self.slot().panic.take()
    }
}

/// The life of a helper.
fn help(shared: &Shared) {
    let mut seen = 0;
    loop {
        watch(|| shared.published.load(Ordering::Acquire) != seen);
        let mut slot = shared.slot();
        while shared.published.load(Ordering::Acquire) == seen && !slot.closed {
            slot.sleepers += 1;
            slot = shared
                .work
                .wait(slot)
                .unwrap_or_else(PoisonError::into_inner);
            slot.sleepers -= 1;
        }
        if slot.closed {
            return;
        }
        seen = shared.published.load(Ordering::Acquire);
        let Some(task) = slot.task else { continue };
        // Counted while the slot is locked: `close` empties the slot first and then waits for this count.
        shared.inside.fetch_add(1, Ordering::AcqRel);
        drop(slot);
        let result = catch_unwind(AssertUnwindSafe(|| claim(task)));
        let mut slot = shared.slot();
        slot.panic = result.err().or(slot.panic.take());
        shared.inside.fetch_sub(1, Ordering::AcqRel);
        if slot.caller_sleeps {
            shared.left.notify_all();
        }
    }
}

/// Runs chunks until none is left.
fn claim(task: Task) {
    // SAFETY: the frame that owns both values waits for this function to return (see `Task`).
    let (body, next) = unsafe { (&*task.body, &*task.next) };
    loop {
        let chunk = next.fetch_add(1, Ordering::Relaxed);
        if chunk >= task.chunks {
            return;
        }
        body(chunk);
    }
}

/// Waits until `done`, for [`WATCH`] at most; says whether it came true.
fn watch(done: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    loop {
        for _ in 0..32 {
            if done() {
                return true;
            }
            spin_loop();
        }
        if start.elapsed() > WATCH {
            return done();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pool;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn every_chunk_runs_exactly_once() {
        let pool = Pool::new(4);
        for chunks in [0, 1, 2, 3, 17, 1000] {
            let counts: Vec<AtomicUsize> = (0..chunks).map(|_| AtomicUsize::new(0)).collect();
            pool.run(chunks, &|chunk| {
                _ = counts[chunk].fetch_add(1, Ordering::Relaxed);
            });
            assert!(
                counts
                    .iter()
                    .all(|count| count.load(Ordering::Relaxed) == 1)
            );
        }
    }

    #[test]
    fn many_short_loops_in_a_row_lose_nothing() {
        let pool = Pool::new(3);
        let total = AtomicUsize::new(0);
        for _ in 0..20_000 {
            pool.run(5, &|chunk| _ = total.fetch_add(chunk, Ordering::Relaxed));
        }
        assert_eq!(total.into_inner(), 20_000 * 10);
    }

    #[test]
    fn callers_at_the_same_time_and_loops_within_loops_finish() {
        let pool = Pool::new(2);
        let total = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        pool.run(4, &|_| {
                            pool.run(3, &|_| _ = total.fetch_add(1, Ordering::Relaxed));
                        });
                    }
                });
            }
        });
        assert_eq!(total.into_inner(), 4 * 200 * 12);
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_pool_lives_on() {
        let pool = Pool::new(2);
        for bad in 0..8 {
            let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                pool.run(8, &|chunk| assert!(chunk != bad, "chunk {bad}"));
            }));
            assert!(run.is_err());
        }
        let total = AtomicUsize::new(0);
        pool.run(8, &|_| _ = total.fetch_add(1, Ordering::Relaxed));
        assert_eq!(total.into_inner(), 8);
    }
}
