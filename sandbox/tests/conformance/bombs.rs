//! Resources that are used up in ways beside those of `resources`.

use std::path::Path;
use std::time::{Duration, Instant};

use swemill_sandbox::{Ending, Error};

use super::{Command, Host, describe, others, python, shell, small, succeed};

pub(crate) async fn memory_of_queues_and_semaphores_is_bounded(host: &Host) {
    for kind in ["queues", "semaphores"] {
        let sandbox = host.start().await;
        let probe = Command::new([
            "python3",
            "-c",
            include_str!("probes/kernel_memory.py"),
            kind,
        ]);
        let output = sandbox.exec(probe).await.unwrap();
        let got: u64 = output.stdout.to_text().trim().parse().unwrap_or(0);
        assert!(
            !output.success() || got <= small().memory_bytes,
            "{kind}: {}",
            describe(&output)
        );
        // What outlives the command must not be charged to the next one.
        assert_eq!(succeed(&*sandbox, shell("echo alive")).await, "alive\n");
    }
}

pub(crate) async fn threads_are_processes_to_the_limit(host: &Host) {
    let sandbox = host.start().await;
    let program = "
import threading, time
started = 0
try:
    while started < 1000:
        threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
        started += 1
except RuntimeError: pass
print(started < 64)";
    assert_eq!(succeed(&*sandbox, python(program)).await, "True\n");
    assert_eq!(others(&*sandbox).await, 0);
}

pub(crate) async fn a_sparse_file_is_no_larger_than_the_disk(host: &Host) {
    let sandbox = host.start().await;
    let program = "
import os
for path in ('/testbed/sparse', '/tmp/sparse', '/dev/shm/sparse'):
    with open(path, 'wb') as file:
        for size in (1 << 40, 33 << 20):
            try:
                os.truncate(path, size)
                print(path, size)
            except OSError: pass
open('/testbed/small', 'wb').truncate(30 << 20)";
    let mut command = python(program);
    command.argv[2] =
        format!("import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n{program}").into();
    assert_eq!(succeed(&*sandbox, command).await, "");
    let error = sandbox
        .read(Path::new("/testbed/small"), 1 << 20)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
}

pub(crate) async fn folders_of_any_depth_and_names_of_any_length_go_with_the_sandbox(host: &Host) {
    let sandbox = host.start().await;
    let probe = include_str!("probes/deep_folders.py");
    for place in ["/testbed", "/tmp"] {
        let deep = python(probe).working_directory(place);
        assert_eq!(succeed(&*sandbox, deep).await, "True\n");
    }
    assert_eq!(succeed(&*sandbox, shell("cat hello.txt")).await, "hello\n");
    let began = Instant::now();
    sandbox.stop().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5));
}

pub(crate) async fn words_that_are_too_long_are_an_error_and_harm_nothing(host: &Host) {
    let sandbox = host.start().await;
    for command in [
        Command::new(["echo".to_owned(), "x".repeat(256 << 10)]),
        Command::new(
            std::iter::once("echo".to_owned()).chain((0..30).map(|_| "x".repeat(100 << 10))),
        ),
        shell("true").variable("LONG", "x".repeat(256 << 10)),
    ] {
        let error = sandbox.exec(command).await.unwrap_err();
        assert!(matches!(error, Error::Spawn { .. }), "{error}");
    }
    let inner = "
import os
try: os.execve('/bin/true', ['x' * (1 << 17)] * 200, {})
except OSError as error: print(error.errno)";
    assert_eq!(succeed(&*sandbox, python(inner)).await, "7\n");
}

pub(crate) async fn a_file_larger_than_a_command_line_arrives(host: &Host) {
    // A patch of this size could not be an argument.
    let sandbox = host.start().await;
    let patch = vec![b'+'; 12 << 20];
    sandbox
        .write(Path::new("/tmp/patch"), &patch, false)
        .await
        .unwrap();
    assert_eq!(
        succeed(&*sandbox, shell("wc -c < /tmp/patch")).await,
        "12582912\n"
    );
}

pub(crate) async fn full_pipes_and_sockets_end_with_the_command(host: &Host) {
    let sandbox = host.start().await;
    let program = "
import fcntl, os, socket
held = []
def fill(descriptor):
    os.set_blocking(descriptor, False)
    try:
        while os.write(descriptor, bytes(65536)): pass
    except BlockingIOError: pass
try:
    while True:
        reader, writer = os.pipe()
        held += [reader, writer]
        try: fcntl.fcntl(writer, 1031, 1 << 20)
        except OSError: pass
        fill(writer)
        one, other = socket.socketpair()
        held += [one, other]
        fill(one.fileno())
except OSError as error:
    print(error.errno)";
    for _ in 0..3 {
        let output = sandbox.exec(python(program)).await.unwrap();
        let refused = output.stdout.to_text() == "24\n";
        assert!(
            refused || output.ending == Ending::OutOfMemory,
            "{}",
            describe(&output)
        );
    }
    assert_eq!(succeed(&*sandbox, shell("echo alive")).await, "alive\n");
}

pub(crate) async fn a_spinning_crowd_ends_at_the_deadline(host: &Host) {
    let sandbox = host.start().await;
    let program = "
import os
for number in range(20):
    if os.fork() == 0: break
while True: pass";
    let output = sandbox
        .exec(python(program).timeout(Duration::from_millis(700)))
        .await
        .unwrap();
    assert_eq!(output.ending, Ending::TimedOut, "{}", describe(&output));
    assert!(output.wall < Duration::from_secs(4), "{:?}", output.wall);
    assert_eq!(others(&*sandbox).await, 0);
}
