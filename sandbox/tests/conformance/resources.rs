//! What a command may use.

use std::time::Duration;

use swemill_sandbox::{Ending, Output};

use super::{Host, describe, python, shell, succeed};

/// A memory bomb may be killed, or be refused memory and fail: it must not succeed or run on.
fn assert_out_of_memory(output: &Output) {
    let refused = output.stderr.to_text().contains("MemoryError");
    assert!(
        output.ending == Ending::OutOfMemory || refused,
        "{}",
        describe(output)
    );
}

pub(crate) async fn a_memory_bomb_is_killed_and_does_not_poison_later_commands(host: &Host) {
    let sandbox = host.start().await;
    let bomb = "
hoard = []
while True:
    hoard.append(b'x' * (1 << 20))";
    let output = sandbox.exec(python(bomb)).await.unwrap();
    assert_out_of_memory(&output);
    assert!(output.wall < Duration::from_secs(20));
    let modest = "x = b'x' * (64 << 20); print(len(x))";
    assert_eq!(succeed(&*sandbox, python(modest)).await, "67108864\n");
}

pub(crate) async fn a_memory_bomb_in_a_child_is_found_too(host: &Host) {
    let sandbox = host.start().await;
    let bomb = "
import subprocess, sys, time
subprocess.run([sys.executable, '-c', 'x = bytearray(b\"x\") * (1 << 30); print(len(x))'])
time.sleep(0.3)
print('went on')";
    let output = sandbox.exec(python(bomb)).await.unwrap();
    assert_out_of_memory(&output);
}

pub(crate) async fn many_small_processes_are_added_up(host: &Host) {
    let sandbox = host.start().await;
    let crowd = "
import os, time
for number in range(12):
    if os.fork() == 0:
        x = bytearray(b'x') * (40 << 20)
        time.sleep(30)
        os._exit(0)
time.sleep(30)";
    let output = sandbox
        .exec(python(crowd).timeout(Duration::from_secs(20)))
        .await
        .unwrap();
    assert_eq!(output.ending, Ending::OutOfMemory, "{}", describe(&output));
}

pub(crate) async fn memory_without_a_process_is_bounded(host: &Host) {
    let sandbox = host.start().await;
    // Neither kind is mapped anywhere when it is full.
    let files = "
import os
held = []
while len(held) < 100:
    held.append(os.memfd_create('x'))
    for piece in range(16):
        os.write(held[-1], b'x' * (1 << 20))
print('had', len(held) * 16)";
    let output = sandbox.exec(python(files)).await.unwrap();
    assert!(!output.success(), "{}", describe(&output));
    let segments = "
import ctypes, time
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
for number in range(100):
    segment = libc.shmget(0, 16 << 20, 0o1600)
    address = libc.shmat(segment, None, 0)
    ctypes.memset(address, 1, 16 << 20)
    libc.shmdt(ctypes.c_void_p(address))
    time.sleep(0.01)
print('had all')";
    let output = sandbox.exec(python(segments)).await.unwrap();
    assert!(!output.success(), "{}", describe(&output));
}

pub(crate) async fn a_full_disk_is_an_error_of_the_program_and_can_be_cleared(host: &Host) {
    let sandbox = host.start().await;
    for folder in ["/testbed", "/tmp", "/home/sandbox"] {
        let script = format!(
            "cd {folder}; for i in 1 2 3 4 5 6 7 8 9; do head -c 8M /dev/zero > fill-$i || exit 3; done"
        );
        let output = sandbox.exec(shell(&script)).await.unwrap();
        assert_eq!(output.ending, Ending::Exited(3), "{}", describe(&output));
        succeed(&*sandbox, shell(&format!("rm {folder}/fill-*"))).await;
    }
    succeed(&*sandbox, shell("head -c 8M /dev/zero > /tmp/again")).await;
}

pub(crate) async fn files_without_content_are_bounded(host: &Host) {
    let sandbox = host.start().await;
    let program = "
import os
os.mkdir('many')
made = 0
try:
    while True:
        os.close(os.open(f'many/{made}', os.O_CREAT))
        made += 1
except OSError as error:
    print(error.errno)";
    assert_eq!(succeed(&*sandbox, python(program)).await, "28\n");
    succeed(&*sandbox, shell("rm -r many; touch one")).await;
}

pub(crate) async fn shared_memory_is_part_of_the_disk_limit(host: &Host) {
    let sandbox = host.start().await;
    let script = "head -c 20M /dev/zero > /dev/shm/x && head -c 20M /dev/zero > /tmp/x";
    let output = sandbox.exec(shell(script)).await.unwrap();
    assert!(!output.success(), "{}", describe(&output));
}

pub(crate) async fn open_files_are_bounded(host: &Host) {
    let sandbox = host.start().await;
    let program = "
import os
opened = []
try:
    while True:
        opened.append(os.open('/dev/null', os.O_RDONLY))
except OSError as error:
    print(error.errno, len(opened) < 256)";
    assert_eq!(succeed(&*sandbox, python(program)).await, "24 True\n");
}

pub(crate) async fn no_core_is_dumped(host: &Host) {
    let sandbox = host.start().await;
    let output = sandbox.exec(shell("kill -ABRT $$")).await.unwrap();
    assert_eq!(output.ending, Ending::Signalled(6));
    assert_eq!(
        succeed(&*sandbox, shell("ulimit -c; ls -A")).await,
        "0\nfolder\nhello.txt\n"
    );
}

pub(crate) async fn the_time_of_children_is_counted(host: &Host) {
    let sandbox = host.start().await;
    // One child is waited for, the other is not.
    let program = "
import os, time
reader, writer = os.pipe()
for number in range(2):
    if os.fork() == 0:
        while time.process_time() < 0.4: pass
        os.write(writer, b'x')
        os._exit(0)
while len(os.read(reader, 1)) + len(os.read(reader, 1)) < 2: pass
os.wait()";
    let output = sandbox.exec(python(program)).await.unwrap();
    let (least, most) = (Duration::from_millis(700), Duration::from_millis(1500));
    assert!(output.cpu > least && output.cpu < most, "{:?}", output.cpu);
    let output = sandbox.exec(shell("true")).await.unwrap();
    assert!(output.cpu < Duration::from_millis(300), "{:?}", output.cpu);
}
