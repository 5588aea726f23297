//! What a container costs, beside what the engine takes for the least there is.

use std::time::{Duration, Instant};

use super::life::docker;
use crate::conformance::{Host, shell, succeed};
use crate::engine;

const ROUNDS: usize = 15;

fn median(times: &mut [Duration]) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: prints JSON"]
async fn what_starting_and_a_command_take() {
    let Some(backend) = engine().await else {
        return;
    };
    let host = Host::new(Box::new(backend)).await;
    let environment = host.backend.prepare(&host.spec()).await.unwrap();
    let image = docker(&[
        "images",
        "--filter",
        "label=swemill.digest=test",
        "--format",
        "{{.Repository}}:{{.Tag}}",
    ]);
    let image = image.lines().next().unwrap();
    let (mut engines, mut starts, mut stops, mut wholes, mut commands) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let limits = crate::conformance::small();
    // In turn, so that what else happens on the machine hits both alike.
    for _ in 0..ROUNDS {
        let began = Instant::now();
        docker(&["run", "--rm", image, "true"]);
        engines.push(began.elapsed());
        let began = Instant::now();
        let sandbox = host.backend.start(&environment, &limits).await.unwrap();
        starts.push(began.elapsed());
        let stopping = Instant::now();
        sandbox.stop().await.unwrap();
        stops.push(stopping.elapsed());
        wholes.push(began.elapsed());
    }
    let sandbox = host.backend.start(&environment, &limits).await.unwrap();
    for _ in 0..ROUNDS * 4 {
        let began = Instant::now();
        succeed(&*sandbox, shell("true")).await;
        commands.push(began.elapsed());
    }
    sandbox.stop().await.unwrap();
    let (engine, whole) = (median(&mut engines), median(&mut wholes));
    println!(
        "{{\"docker_run_rm_true_ms\": {engine:.1}, \"start_and_stop_ms\": {whole:.1}, \"ratio\": {:.3}, \
         \"start_ms\": {:.1}, \"stop_ms\": {:.1}, \"warm_command_ms\": {:.2}, \"rounds\": {ROUNDS}}}",
        whole / engine,
        median(&mut starts),
        median(&mut stops),
        median(&mut commands),
    );
}
