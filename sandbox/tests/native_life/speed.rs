//! How long a start takes. The figure is printed; the bound is generous, for a busy machine.

use std::time::{Duration, Instant};

use crate::conformance::{Host, shell, succeed};
use crate::native;

/// The time from asking for a sandbox to the end of its first command, `true`, sorted.
async fn first_commands(count: usize) -> Vec<Duration> {
    let host = Host::new(native()).await;
    let mut times = Vec::new();
    for _ in 0..count {
        let began = Instant::now();
        let sandbox = host.start().await;
        succeed(&*sandbox, shell(":")).await;
        times.push(began.elapsed());
        sandbox.stop().await.unwrap();
    }
    times.sort();
    times
}

#[expect(clippy::print_stdout, reason = "the figure is the point")]
fn report(times: &[Duration]) {
    let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)];
    println!(
        "{} starts to the end of a first command: least {:?}, p50 {:?}, p99 {:?}",
        times.len(),
        times[0],
        at(50),
        at(99)
    );
}

#[tokio::test]
async fn a_hundred_starts_take_no_long_time() {
    let times = first_commands(100).await;
    report(&times);
    assert!(times[50] < Duration::from_millis(500), "{:?}", times[50]);
}

#[tokio::test]
#[ignore = "a measurement: cargo test --release -p swemill-sandbox --test native a_thousand_starts -- --ignored --nocapture"]
async fn a_thousand_starts() {
    report(&first_commands(1000).await);
}
