//! What becomes of processes.

use std::time::{Duration, Instant};

use swemill_sandbox::{Ending, Error};

use super::{Host, describe, others, python, shell, succeed};

/// Starts processes that try to stay: another session, orphaned twice, deaf to signals, stopped, a zombie.
const STAYERS: &str = "
import os, signal, time
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
def stay():
    while True:
        time.sleep(1000)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        stay()
    os._exit(0)
if os.fork() == 0:
    os.setpgid(0, 0)
    os.kill(os.getpid(), signal.SIGSTOP)
if os.fork() == 0:
    os._exit(0)
if os.fork() == 0:
    os.execvp('sleep', ['sleep', '1000'])
time.sleep(0.2)
";

pub(crate) async fn the_deadline_kills_the_whole_tree(host: &Host) {
    let sandbox = host.start().await;
    let program = format!("{STAYERS}\nstay()");
    let command = python(&program).timeout(Duration::from_secs(1));
    let output = sandbox.exec(command).await.unwrap();
    assert_eq!(output.ending, Ending::TimedOut, "{}", describe(&output));
    assert!(output.wall < Duration::from_secs(2), "{:?}", output.wall);
    assert_eq!(others(&*sandbox).await, 0);
}

pub(crate) async fn nothing_that_a_command_started_outlives_it(host: &Host) {
    let sandbox = host.start().await;
    succeed(&*sandbox, python(STAYERS)).await;
    assert_eq!(others(&*sandbox).await, 0);
}

pub(crate) async fn a_held_pipe_does_not_delay_the_end(host: &Host) {
    let sandbox = host.start().await;
    let began = Instant::now();
    let output = succeed(&*sandbox, shell("setsid sleep 1000 & echo done")).await;
    assert_eq!(output, "done\n");
    assert!(began.elapsed() < Duration::from_secs(2));
}

pub(crate) async fn a_fork_bomb_is_contained_and_does_not_poison_later_commands(host: &Host) {
    let sandbox = host.start().await;
    let bomb = "
import os
while True:
    try: os.fork()
    except OSError: pass";
    let command = python(bomb).timeout(Duration::from_secs(1));
    let output = sandbox.exec(command).await.unwrap();
    assert!(
        output.wall < Duration::from_secs(4),
        "{}",
        describe(&output)
    );
    assert_eq!(others(&*sandbox).await, 0);
    let counted = "
import os
children = 0
try:
    while True:
        if os.fork() == 0:
            import time; time.sleep(1000)
        children += 1
except OSError:
    print(children)";
    let children: u64 = succeed(&*sandbox, python(counted))
        .await
        .trim()
        .parse()
        .unwrap();
    assert!((32..=64).contains(&children), "{children}");
}

pub(crate) async fn orphans_are_reaped_while_a_command_runs(host: &Host) {
    let sandbox = host.start().await;
    // Ten times as many as may live at one time.
    let program = "
import os, time
for number in range(640):
    if os.fork() == 0:
        if os.fork() == 0:
            os._exit(0)
        os._exit(0)
    os.wait()
    time.sleep(0.001)";
    succeed(&*sandbox, python(program)).await;
}

pub(crate) async fn there_is_no_terminal(host: &Host) {
    let sandbox = host.start().await;
    let output = succeed(
        &*sandbox,
        shell("tty; (: < /dev/tty) 2>/dev/null || echo none"),
    )
    .await;
    assert_eq!(output, "not a tty\nnone\n");
}

pub(crate) async fn a_command_cannot_end_the_sandbox(host: &Host) {
    let sandbox = host.start().await;
    let script = "for s in TERM KILL STOP INT HUP USR1 SEGV; do kill -$s 1 2>/dev/null; done; true";
    succeed(&*sandbox, shell(script)).await;
    sandbox.exec(shell("kill -9 -1; kill -9 $$")).await.unwrap();
    assert_eq!(succeed(&*sandbox, shell("echo alive")).await, "alive\n");
}

pub(crate) async fn stopping_is_quick_while_nothing_listens(host: &Host) {
    let sandbox = host.start().await;
    succeed(&*sandbox, shell("echo x > /tmp/x")).await;
    let began = Instant::now();
    sandbox.stop().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(1));
    let sandbox = host.start().await;
    let abandoned = tokio::time::timeout(
        Duration::from_millis(200),
        sandbox.exec(python(&format!("{STAYERS}\nstay()"))),
    );
    assert!(abandoned.await.is_err());
    assert!(matches!(
        sandbox.exec(shell("true")).await,
        Err(Error::Gone(_))
    ));
    let began = Instant::now();
    sandbox.stop().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(1));
}
