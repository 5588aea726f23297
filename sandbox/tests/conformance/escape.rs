//! Ways out of the sandbox that attackers try, beside those of `isolation`: each is refused, and the host is as
//! it was.

use std::fs;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::process;

use super::{Host, python, shell, succeed, text};

pub(crate) async fn calls_of_another_kind_are_refused(host: &Host) {
    let sandbox = host.start().await;
    let probe = include_str!("probes/foreign_calls.py");
    assert_eq!(succeed(&*sandbox, python(probe)).await, "");
}

pub(crate) async fn no_file_of_the_kernel_opens_for_writing(host: &Host) {
    let patterns = || text("/proc/sys/kernel/core_pattern".as_ref());
    let before = patterns();
    let sandbox = host.start().await;
    let probe = include_str!("probes/writable_files.py");
    assert_eq!(succeed(&*sandbox, python(probe)).await, "");
    assert_eq!(patterns(), before);
}

pub(crate) async fn no_packet_is_made_by_hand_and_no_interface_added(host: &Host) {
    let sandbox = host.start().await;
    let probe = include_str!("probes/network_rights.py");
    assert_eq!(succeed(&*sandbox, python(probe)).await, "");
}

pub(crate) async fn no_more_than_the_share_can_be_asked_for(host: &Host) {
    let sandbox = host.start().await;
    let probe = include_str!("probes/priorities.py");
    assert_eq!(succeed(&*sandbox, python(probe)).await, "");
}

pub(crate) async fn the_addresses_of_clouds_and_proxies_lead_nowhere(host: &Host) {
    let sandbox = host.start().await;
    // The metadata services, Docker's bridge, and whatever a proxy variable of the caller would have named.
    let program = "
import os, socket
for place in (('169.254.169.254', 80), ('100.100.100.200', 80), ('172.17.0.1', 2375), ('1.1.1.1', 53)):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        probe = socket.socket(socket.AF_INET, kind)
        probe.settimeout(5)
        if probe.connect_ex(place) == 0: print(place, kind)
six = socket.socket(socket.AF_INET6)
six.settimeout(5)
if six.connect_ex(('2606:4700:4700::1111', 53)) == 0: print('six')
print([name for name in os.environ if 'proxy' in name.lower()])";
    assert_eq!(succeed(&*sandbox, python(program)).await, "[]\n");
}

pub(crate) async fn sockets_of_the_host_cannot_be_reached_by_name_or_by_file(host: &Host) {
    let name = format!("swemill-test-{}", process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let abstract_one = UnixListener::bind_addr(&address);
    let other_test =
        matches!(&abstract_one, Err(error) if error.kind() == std::io::ErrorKind::AddrInUse);
    assert!(abstract_one.is_ok() || other_test);
    let filed = UnixListener::bind(host.layer().join("service")).unwrap();
    filed.set_nonblocking(true).unwrap();
    let sandbox = host.start().await;
    let program = format!(
        "
import socket
for name in ('\\0{name}', '/testbed/service', '/var/run/docker.sock', '/run/systemd/private'):
    try:
        socket.socket(socket.AF_UNIX).connect(name)
        print('reached', name)
    except OSError: pass"
    );
    assert_eq!(succeed(&*sandbox, python(&program)).await, "");
    assert!(filed.accept().is_err(), "somebody reached the host");
}

pub(crate) async fn shared_memory_and_queues_of_the_host_are_not_seen(host: &Host) {
    let made = process::Command::new("ipcmk")
        .args(["-M", "4096", "-Q", "-S", "1"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let sandbox = host.start().await;
    let script =
        "tail -qn +2 /proc/sysvipc/shm /proc/sysvipc/msg /proc/sysvipc/sem; ls -A /dev/shm";
    let seen = succeed(&*sandbox, shell(script)).await;
    for (line, kind) in String::from_utf8_lossy(&made.stdout)
        .lines()
        .zip(["-m", "-q", "-s"])
    {
        let id = line.rsplit(' ').next().unwrap();
        process::Command::new("ipcrm")
            .args([kind, id])
            .status()
            .unwrap();
    }
    assert_eq!(seen, "");
}

pub(crate) async fn a_program_that_names_the_first_process_as_its_interpreter_gains_nothing(
    host: &Host,
) {
    // The way of CVE-2019-5736: to have the machinery execute itself inside, and then to write to it.
    let sandbox = host.start().await;
    let script = "
        printf '#!/proc/self/exe sandbox-init\\n' > again; chmod 755 again
        ln -s /proc/self/exe itself; ln -s /proc/1/exe first";
    succeed(&*sandbox, shell(script)).await;
    for program in ["./again", "./itself", "/proc/self/exe", "./first"] {
        if let Ok(output) = sandbox.exec(super::Command::new([program])).await {
            assert!(!output.success(), "{}", super::describe(&output));
        }
    }
    let write = "for path in /proc/1/exe /proc/self/exe itself first; do (: >> $path) 2>/dev/null && echo $path; done; true";
    assert_eq!(succeed(&*sandbox, shell(write)).await, "");
}

pub(crate) async fn marks_of_the_overlay_cannot_be_forged(host: &Host) {
    fs::create_dir(host.layer().join("other")).unwrap();
    fs::write(host.layer().join("other/secret.txt"), "").unwrap();
    host.backend.adopt(&host.layer()).await.unwrap();
    let sandbox = host.start().await;
    let program = "
import os
os.mkdir('made')
for folder in ('folder', 'made'):
    for prefix in ('user', 'trusted'):
        for name, value in (('redirect', b'/other'), ('opaque', b'y'), ('origin', b'x'), ('metacopy', b''), ('whiteout', b'y')):
            try: os.setxattr(folder, f'{prefix}.overlay.{name}', value)
            except OSError: pass
    os.rename(folder, folder + '-moved') if folder == 'made' else None
print(sorted(os.listdir('folder')), sorted(os.listdir('made-moved')))";
    let listed = succeed(&*sandbox, python(program)).await;
    assert_eq!(listed, "['inner.txt'] []\n");
    // The marks would be looked at where the folder is a layer again.
    let copy = sandbox.fork().await;
    if let Ok(copy) = copy {
        let listed = succeed(&*copy, shell("ls folder made-moved")).await;
        assert_eq!(listed, "folder:\ninner.txt\n\nmade-moved:\n");
    }
}

pub(crate) async fn above_the_root_there_is_nothing_else(host: &Host) {
    let sandbox = host.start().await;
    let marker = host.path("marker");
    fs::write(&marker, "host").unwrap();
    let path = marker.display();
    let script = format!(
        "cd /; for i in 1 2 3 4 5 6 7 8 9; do cd ..; done; cat .{path} 2>/dev/null
         for top in /proc/self/root /proc/self/root/.. /proc/1/root /proc/self/cwd/../../.. /proc/self/task/*/root; do
             cat $top{path} 2>/dev/null
         done; true"
    );
    assert_eq!(succeed(&*sandbox, shell(&script)).await, "");
}
