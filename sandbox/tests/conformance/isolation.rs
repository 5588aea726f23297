//! What a command can see and do of the world outside.

use std::net::TcpListener;

use swemill_sandbox::Network;

use super::{Host, python, shell, small, succeed};

pub(crate) async fn there_is_no_network_but_loopback(host: &Host) {
    let sandbox = host.start().await;
    let program = "
import errno, os, socket, threading
print(sorted(name for _, name in socket.if_nameindex()))
outside = socket.socket()
outside.settimeout(5)
print(errno.errorcode[outside.connect_ex(('192.0.2.1', 80))])
server = socket.create_server(('127.0.0.1', 0))
client = socket.create_connection(server.getsockname())
client.sendall(b'x')
print(server.accept()[0].recv(1))
print(socket.gethostbyname('localhost'))
try: socket.getaddrinfo('example.com', 80)
except OSError: print('no names')";
    assert_eq!(
        succeed(&*sandbox, python(program)).await,
        "['lo']\nENETUNREACH\nb'x'\n127.0.0.1\nno names\n"
    );
}

pub(crate) async fn a_service_on_the_hosts_loopback_cannot_be_reached(host: &Host) {
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = service.local_addr().unwrap().port();
    let sandbox = host.start().await;
    let program =
        format!("import socket; print(socket.socket().connect_ex(('127.0.0.1', {port})))");
    assert_eq!(succeed(&*sandbox, python(&program)).await, "111\n");
}

pub(crate) async fn the_hosts_network_is_there_when_asked_for(host: &Host) {
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = service.local_addr().unwrap().port();
    let mut spec = host.spec();
    spec.network = Network::Host;
    let sandbox = host.start_with(&spec, &small()).await;
    let program =
        format!("import socket; print(socket.socket().connect_ex(('127.0.0.1', {port})))");
    assert_eq!(succeed(&*sandbox, python(&program)).await, "0\n");
}

pub(crate) async fn no_home_no_secrets_and_no_sockets_of_the_host_are_seen(host: &Host) {
    let sandbox = host.start().await;
    let script = "
        for path in /root /etc/shadow /etc/sudoers /etc/ssh /var/run/docker.sock /run/docker.sock \
            /var/lib /var/log /boot /mnt /srv /media; do
            test -e $path && echo $path
        done
        # Container engines insist on /sys; only the own control group and file systems' names are seen in it.
        find /sys -path /sys/fs -prune -o -type f -print 2>/dev/null | head -n 3
        ls -A /home /run /tmp";
    let expected = "/home:\nsandbox\n\n/run:\n\n/tmp:\n";
    assert_eq!(succeed(&*sandbox, shell(script)).await, expected);
}

pub(crate) async fn processes_of_the_host_are_not_seen(host: &Host) {
    let sandbox = host.start().await;
    let script = "cd /proc; echo [0-9]* | wc -w; kill -0 2>/dev/null 99999 || echo none";
    let output = succeed(&*sandbox, shell(script)).await;
    let count: u32 = output.lines().next().unwrap().parse().unwrap();
    assert!(count <= 4, "{output}");
}

pub(crate) async fn the_system_cannot_be_written(host: &Host) {
    let sandbox = host.start().await;
    let script = "
        for path in / /usr /usr/bin /usr/local /bin /lib /etc /etc/ssl/certs /dev /proc /var /run /home; do
            if touch $path/planted 2>/dev/null; then echo $path; fi
            if chmod 777 $path 2>/dev/null; then echo chmod $path; fi
        done
        for path in /etc/passwd /etc/ld.so.cache /usr/bin/env /etc/hosts; do
            if (echo x >> $path) 2>/dev/null; then echo $path; fi
        done";
    assert_eq!(succeed(&*sandbox, shell(script)).await, "");
}

/// Tries system calls by name and number of `x86_64` or `aarch64`, with arguments that would be fine for
/// someone with the right: each has to be refused for the lack of it, `clone3` to be missing.
const CALLS: &str = r"
import ctypes, errno, os, platform
libc = ctypes.CDLL(None, use_errno=True)
numbers = dict(
    mount=(165, 40), umount2=(166, 39), pivot_root=(155, 41), open_tree=(428, 428), move_mount=(429, 429),
    fsopen=(430, 430), mount_setattr=(442, 442), unshare=(272, 97), setns=(308, 268), ptrace=(101, 117),
    process_vm_readv=(310, 270), process_vm_writev=(311, 271), pidfd_getfd=(438, 438), kcmp=(312, 272),
    keyctl=(250, 219), add_key=(248, 217), request_key=(249, 218), bpf=(321, 280),
    perf_event_open=(298, 241), userfaultfd=(323, 282), io_uring_setup=(425, 425),
    open_by_handle_at=(304, 265), init_module=(175, 105), kexec_load=(246, 104), reboot=(169, 142),
    swapon=(167, 224), acct=(163, 89), chroot=(161, 51), sethostname=(170, 161), syslog=(103, 116),
    settimeofday=(164, 170), quotactl=(179, 60), personality=(135, 92), clone3=(435, 435), clone=(56, 220),
    socket=(41, 198))
column = 1 if platform.machine() == 'aarch64' else 0
def call(name, *arguments):
    ctypes.set_errno(0)
    wide = [a if isinstance(a, bytes) or a is None else ctypes.c_long(a) for a in arguments]
    result = libc.syscall(ctypes.c_long(numbers[name][column]), *wide)
    wanted = errno.ENOSYS if name == 'clone3' else errno.EPERM
    if result != -1 or ctypes.get_errno() != wanted:
        print(name, arguments, result, errno.errorcode.get(ctypes.get_errno()))
        if name.startswith('clone') and result == 0:
            os._exit(0)
call('mount', b'none', b'/tmp', b'tmpfs', 0, None)
call('umount2', b'/tmp', 2)
call('pivot_root', b'/tmp', b'/tmp')
call('open_tree', -100, b'/tmp', 1)
call('move_mount', -1, b'', -100, b'/tmp', 4)
call('fsopen', b'tmpfs', 0)
call('mount_setattr', -100, b'/usr', 0, None, 0)
for flag in (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x4000000, 0x8000000, 0x2000000, 0x80):
    call('unshare', flag)
for flag in (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x4000000, 0x8000000, 0x2000000):
    call('clone', flag | 17, 0, 0, 0, 0)
call('clone3', 0, 0)
call('setns', os.open('/proc/self/ns/net', os.O_RDONLY), 0)
call('ptrace', 0, 0, 0, 0)
call('process_vm_readv', 1, 0, 0, 0, 0, 0)
call('process_vm_writev', 1, 0, 0, 0, 0, 0)
call('pidfd_getfd', 0, 0, 0)
call('kcmp', 1, 1, 0, 0, 0)
call('keyctl', 0, -3, 1)
call('add_key', b'user', b'x', b'x', 1, -3)
call('request_key', b'user', b'x', None, 0)
call('bpf', 0, 0, 0)
call('perf_event_open', 0, 0, -1, -1, 0)
call('userfaultfd', 1)
call('io_uring_setup', 1, 0)
call('open_by_handle_at', -100, 0, 0)
call('init_module', 0, 0, b'')
call('kexec_load', 0, 0, 0, 0)
call('reboot', 0, 0, 0)
call('swapon', b'/tmp', 0)
call('acct', None)
call('chroot', b'/tmp')
call('sethostname', b'x', 1)
call('syslog', 3, 0, 0)
call('settimeofday', 0, 0)
call('quotactl', 0, None, 0, 0)
call('personality', 0x0400000)
for family in (17, 40, 38, 29, 9, 44):
    call('socket', family, 3, 0)
for protocol in (4, 9, 12, 15):
    call('socket', 16, 3, protocol)
import fcntl, pty
master, slave = pty.openpty()
try:
    fcntl.ioctl(slave, 0x5412, b'x')
    print('TIOCSTI')
except PermissionError:
    pass
";

pub(crate) async fn what_a_command_mounts_or_traces_is_refused(host: &Host) {
    let sandbox = host.start().await;
    assert_eq!(succeed(&*sandbox, python(CALLS)).await, "");
}

pub(crate) async fn no_rights_are_left_and_none_can_be_won(host: &Host) {
    let sandbox = host.start().await;
    let script = "
        grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status | tr -d '\\t '
        id -u; id -g; umask; hostname";
    let none = "0000000000000000";
    assert_eq!(
        succeed(&*sandbox, shell(script)).await,
        format!(
            "CapInh:{none}\nCapPrm:{none}\nCapEff:{none}\nCapBnd:{none}\nCapAmb:{none}\n\
             NoNewPrivs:1\nSeccomp:2\n1000\n1000\n0022\nsandbox\n"
        )
    );
    let become_root = "
import os
for change in (lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([0]), lambda: os.chroot('/tmp')):
    try: change(); print('changed')
    except OSError: pass";
    assert_eq!(succeed(&*sandbox, python(become_root)).await, "");
}

pub(crate) async fn no_mount_lets_a_program_gain_rights(host: &Host) {
    // An image's own files can be marked, but not by a command, and no-new-privileges makes the mark void.
    let beside = match host.backend.name() {
        "docker" => " | grep -v ' ro,'",
        _ => "",
    };
    let sandbox = host.start().await;
    let output = succeed(
        &*sandbox,
        shell(&format!(
            "cut -d' ' -f5,6 /proc/self/mountinfo | grep -v nosuid{beside}; true"
        )),
    )
    .await;
    assert_eq!(output, "");
}

pub(crate) async fn only_harmless_devices_are_there(host: &Host) {
    let sandbox = host.start().await;
    let output = succeed(
        &*sandbox,
        // Container engines add message queues (of which a command may have none) and a link to a hidden file.
        shell("ls /dev | grep -vE '^(mqueue|core)$' | tr '\\n' ' '; mknod /tmp/disk b 8 0 2>/dev/null || echo refused"),
    )
    .await;
    assert_eq!(
        output,
        "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero refused\n"
    );
}

pub(crate) async fn the_kernels_switches_cannot_be_turned(host: &Host) {
    let sandbox = host.start().await;
    let script = "
        for path in /proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/vm/drop_caches \
            /proc/sys/kernel/hostname /proc/1/oom_score_adj /proc/self/uid_map /proc/self/setgroups; do
            if (echo 1 > $path) 2>/dev/null && test ! -c $path; then echo $path; fi
        done
        cat /proc/kcore /proc/keys /proc/timer_list /proc/kmsg 2>/dev/null | head -c 10";
    assert_eq!(succeed(&*sandbox, shell(script)).await, "");
}

pub(crate) async fn host_paths_are_not_told(host: &Host) {
    let sandbox = host.start().await;
    let folder = host.folder.path().display().to_string();
    let script = "cat /proc/self/mountinfo /proc/mounts /proc/self/cgroup /proc/self/environ";
    let output = succeed(&*sandbox, shell(script)).await;
    assert!(output.contains("/testbed"), "{output}");
    assert!(!output.contains(&folder), "{output}");
}

pub(crate) async fn the_first_process_cannot_be_looked_into(host: &Host) {
    let sandbox = host.start().await;
    let script = "
        ls /proc/1/fd /proc/1/root /proc/1/cwd 2>/dev/null
        for name in mem environ maps exe stack; do head -c 10 /proc/1/$name 2>/dev/null; done; true";
    assert_eq!(succeed(&*sandbox, shell(script)).await, "");
}
