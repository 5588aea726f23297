//! Processes that want to stay, or that wait for somebody, beside those of `processes`.

use std::time::Duration;

use swemill_sandbox::Ending;

use super::{Host, describe, others, python, shell, succeed};

pub(crate) async fn a_storm_of_sessions_under_other_names_is_gone_after_the_deadline(host: &Host) {
    let sandbox = host.start().await;
    // Every process is replaced by a child in a new session, under another name, all the time.
    let program = "
import ctypes, os, signal
libc = ctypes.CDLL(None)
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(number, signal.SIG_IGN)
def storm():
    generation = 0
    while True:
        generation += 1
        libc.prctl(15, b'[kworker/%d]' % (generation % 90), 0, 0, 0)
        try:
            if os.fork(): os._exit(0)
            os.setsid()
        except OSError: pass
for number in range(8):
    if os.fork() == 0: storm()
import time
time.sleep(100)";
    let output = sandbox
        .exec(python(program).timeout(Duration::from_secs(1)))
        .await
        .unwrap();
    assert_eq!(output.ending, Ending::TimedOut, "{}", describe(&output));
    assert!(output.wall < Duration::from_secs(4), "{:?}", output.wall);
    assert_eq!(others(&*sandbox).await, 0);
}

pub(crate) async fn whoever_asks_gets_no_answer_and_ends(host: &Host) {
    let sandbox = host.start().await;
    for script in [
        "read answer || echo none",
        "python3 -c 'input()' 2>&1 | tail -n 1 | cut -d: -f1",
        "python3 -W ignore -c 'import getpass; getpass.getpass()' 2>&1 | tail -n 1 | cut -d: -f1",
        "more < hello.txt",
        "PAGER=more python3 -c 'import pydoc; pydoc.pager(\"shown\\n\")'",
    ] {
        let output = sandbox
            .exec(shell(script).timeout(Duration::from_secs(20)))
            .await
            .unwrap();
        assert_eq!(
            output.ending,
            Ending::Exited(0),
            "{script}: {}",
            describe(&output)
        );
        let said = output.stdout.to_text();
        let expected = ["none\n", "EOFError\n", "hello\n", "shown\n"];
        assert!(expected.contains(&said.as_str()), "{script}: {said}");
    }
}

pub(crate) async fn a_daemon_that_keeps_writing_ends_with_its_command(host: &Host) {
    let sandbox = host.start().await;
    // Detached by the book, and it holds a lock, a socket and the standard streams.
    let program = "
import fcntl, os, socket, time
if os.fork() == 0:
    os.setsid()
    if os.fork(): os._exit(0)
    os.chdir('/'); os.umask(0)
    fcntl.flock(open('/tmp/lock', 'w'), fcntl.LOCK_EX)
    server = socket.create_server(('127.0.0.1', 8000))
    while True:
        with open('/testbed/written', 'a') as file: file.write('x')
        time.sleep(0.01)
while not os.path.exists('/testbed/written'): time.sleep(0.01)
print('left')";
    assert_eq!(succeed(&*sandbox, python(program)).await, "left\n");
    let look = "
import fcntl, os, socket, time
size = os.path.getsize('/testbed/written')
time.sleep(0.2)
print(os.path.getsize('/testbed/written') == size)
fcntl.flock(open('/tmp/lock'), fcntl.LOCK_EX | fcntl.LOCK_NB)
socket.create_server(('127.0.0.1', 8000))";
    assert_eq!(succeed(&*sandbox, python(look)).await, "True\n");
}

pub(crate) async fn shared_memory_and_queues_end_with_their_command(host: &Host) {
    let sandbox = host.start().await;
    let make = "ipcmk -M 4096 -Q -S 3 > /dev/null; tail -qn +2 /proc/sysvipc/* | wc -l";
    assert_eq!(succeed(&*sandbox, shell(make)).await, "3\n");
    let look = "tail -qn +2 /proc/sysvipc/* | wc -l";
    assert_eq!(succeed(&*sandbox, shell(look)).await, "0\n");
}
