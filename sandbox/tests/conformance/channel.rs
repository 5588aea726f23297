//! The record channel.

use swemill_sandbox::Ending;

use super::{Host, describe, python, shell, small, succeed};

/// What a well-behaved program does first: it takes the channel and keeps it from its children.
const TAKE: &str = "
import os, socket, subprocess, sys
channel = socket.socket(fileno=int(os.environ['SWEMILL_CHANNEL']))
channel.set_inheritable(False)
def greeting():
    got = b''
    while True:
        some = channel.recv(1 << 16)
        if not some: return got
        got += some
";

pub(crate) async fn records_come_back_and_the_greeting_is_there(host: &Host) {
    let sandbox = host.start().await;
    let program = format!("{TAKE}\nchannel.sendall(b'record:' + greeting())");
    let output = sandbox
        .exec(python(&program).channel("token"))
        .await
        .unwrap();
    assert!(output.success(), "{}", describe(&output));
    assert_eq!(output.channel, b"record:token");
}

pub(crate) async fn a_command_without_a_channel_has_none(host: &Host) {
    let sandbox = host.start().await;
    let command =
        shell("echo ${SWEMILL_CHANNEL-none}; ls /proc/self/fd").variable("SWEMILL_CHANNEL", "1");
    let output = succeed(&*sandbox, command).await;
    // The listing itself has the fourth descriptor open.
    assert_eq!(output, "none\n0\n1\n2\n3\n");
}

pub(crate) async fn what_is_printed_is_no_record(host: &Host) {
    let sandbox = host.start().await;
    let output = sandbox
        .exec(shell("echo forged; echo forged >&2").channel("token"))
        .await
        .unwrap();
    assert!(output.success());
    assert_eq!(output.channel, b"");
}

pub(crate) async fn a_greeting_of_many_megabytes_arrives_whole(host: &Host) {
    let sandbox = host.start().await;
    let program = format!("{TAKE}\ng = greeting()\nprint(len(g), g.count(b'ab'))");
    let greeting = b"ab".repeat(4 << 20);
    let output = succeed(&*sandbox, python(&program).channel(greeting)).await;
    assert_eq!(output, "8388608 4194304\n");
}

pub(crate) async fn a_program_that_never_reads_its_greeting_ends_well(host: &Host) {
    let sandbox = host.start().await;
    let program = format!("{TAKE}\nchannel.sendall(b'record')");
    let output = sandbox
        .exec(python(&program).channel(vec![b'x'; 8 << 20]))
        .await
        .unwrap();
    assert!(output.success(), "{}", describe(&output));
    assert_eq!(output.channel, b"record");
}

pub(crate) async fn a_child_program_cannot_open_its_parents_channel(host: &Host) {
    let sandbox = host.start().await;
    let child = "
import os
parent = os.getppid()
opened = 0
for name in os.listdir(f'/proc/{parent}/fd'):
    for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR):
        try: descriptor = os.open(f'/proc/{parent}/fd/{name}', flags | os.O_NONBLOCK)
        except OSError: continue
        if os.readlink(f'/proc/self/fd/{descriptor}').startswith('socket:'): opened += 1
own = [os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd') if os.path.islink(f'/proc/self/fd/{n}')]
print(opened, any(name.startswith('socket:') for name in own))";
    let program =
        format!("{TAKE}\nsubprocess.run([sys.executable, '-c', '''{child}'''], close_fds=False)");
    let output = succeed(&*sandbox, python(&program).channel("token")).await;
    assert_eq!(output, "0 False\n");
}

pub(crate) async fn a_flooded_channel_ends_the_command(host: &Host) {
    let sandbox = host.start().await;
    let program = format!("{TAKE}\nwhile True: channel.sendall(b'x' * 65536)");
    let output = sandbox.exec(python(&program).channel("")).await.unwrap();
    assert_eq!(output.ending, Ending::ChannelFlooded);
    assert_eq!(output.channel.len(), small().channel_bytes);
    assert_eq!(succeed(&*sandbox, shell("echo alive")).await, "alive\n");
}
