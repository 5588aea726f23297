//! Processes that wait to be copied: every copy finds the place as the template left it.

use std::path::Path;
use std::time::{Duration, Instant};

use swemill_sandbox::{Ending, Error, FileWrite, Limits, Output, Round, Template};

use crate::conformance::{Host, describe, python, small};
use crate::native;

/// What a template in Python does: prepares, says so, and runs in every copy the program that comes over the
/// copy's channel.
const TEMPLATE: &str = r#"
import array, os, socket, struct, sys
prepared = "prepared by %d" % os.getpid()
open("/testbed/of_template", "w").write("kept")
open("/tmp/of_template", "w").write("kept")
waiting = socket.socket(fileno=int(os.environ.pop("SWEMILL_TEMPLATE")))
def say(text):
    waiting.sendall(struct.pack(">I", len(text)) + text)
def wait():
    global between
    while True:
        word, extra, _, _ = waiting.recvmsg(1, socket.CMSG_SPACE(16))
        if not word:
            os._exit(0)
        descriptors = array.array("i")
        descriptors.frombytes(extra[0][2])
        middle = os.fork()
        if middle == 0:
            between = os.getpid()
            copy = os.fork()
            if copy:
                say(str(copy).encode())
                os._exit(0)
            waiting.close()
            os.setsid()
            for target, descriptor in enumerate(descriptors):
                os.dup2(descriptor, target)
                os.close(descriptor)
            os.chdir("/testbed")
            return
        for descriptor in descriptors:
            os.close(descriptor)
        os.waitpid(middle, 0)
say(b"I am ready")
wait()
program = b""
while True:
    part = os.read(3, 65536)
    if not part:
        break
    program += part
exec(program.decode())
"#;

async fn template(host: &Host, limits: &Limits) -> Box<dyn Template> {
    let environment = host.backend.prepare(&host.spec()).await.unwrap();
    let command = python(TEMPLATE);
    host.backend
        .template(&environment, limits, &command)
        .await
        .unwrap()
}

fn round(program: &str) -> Round {
    Round {
        greeting: program.into(),
        timeout: Duration::from_secs(20),
        ..Round::default()
    }
}

async fn run(template: &dyn Template, program: &str) -> Output {
    template.run(round(program)).await.unwrap()
}

async fn tell(template: &dyn Template, program: &str) -> String {
    let output = run(template, program).await;
    assert!(output.success(), "{}", describe(&output));
    output.stdout.to_text().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_has_the_templates_memory_and_files() {
    let host = Host::new(native()).await;
    let template = template(&host, &small()).await;
    assert_eq!(template.said(), b"I am ready");
    let seen = tell(
        &*template,
        "print(prepared.split()[0], open('of_template').read(), open('/tmp/of_template').read(), open('hello.txt').read())",
    )
    .await;
    assert_eq!(seen, "prepared kept kept hello");
    template.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_a_copy_wrote_is_seen_by_the_next() {
    let host = Host::new(native()).await;
    let template = template(&host, &small()).await;
    let list = "
import os
print(sorted(os.listdir('/testbed')), sorted(os.listdir('/tmp')), os.listdir('/dev/shm'), os.listdir(os.environ['HOME']), open('hello.txt').read())";
    let before = tell(&*template, list).await;
    tell(
        &*template,
        "
import os
open('hello.txt', 'w').write('changed')
os.remove('of_template')
for folder in ('/testbed', '/tmp', '/dev/shm', os.environ['HOME']):
    open(folder + '/left', 'w').write('left')
",
    )
    .await;
    assert_eq!(tell(&*template, list).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rounds_files_are_there_for_its_copy_only() {
    let host = Host::new(native()).await;
    let template = template(&host, &small()).await;
    let mut with_file = round("print(open('hello.txt').read())");
    with_file.writes.push(FileWrite {
        path: Path::new("/testbed/hello.txt").to_owned(),
        bytes: b"broken".to_vec(),
        executable: false,
    });
    let output = template.run(with_file).await.unwrap();
    assert_eq!(
        output.stdout.to_text().trim(),
        "broken",
        "{}",
        describe(&output)
    );
    assert_eq!(
        tell(&*template, "print(open('hello.txt').read())").await,
        "hello"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tree_inside_a_folder_that_can_be_written_is_renewed_as_well() {
    let host = Host::new(native()).await;
    let mut spec = host.spec();
    let mut inside = spec.trees[0].clone();
    inside.target = "/tmp/deep/tree".into();
    spec.trees.push(inside);
    let environment = host.backend.prepare(&spec).await.unwrap();
    let template = host
        .backend
        .template(&environment, &small(), &python(TEMPLATE))
        .await
        .unwrap();
    let write = "open('/tmp/deep/tree/hello.txt', 'w').write('changed')";
    tell(&*template, write).await;
    let read = "print(open('/tmp/deep/tree/hello.txt').read())";
    assert_eq!(tell(&*template, read).await, "hello");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copys_end_is_reported_and_so_is_its_time() {
    let host = Host::new(native()).await;
    let template = template(&host, &small()).await;
    assert_eq!(
        run(&*template, "os._exit(7)").await.ending,
        Ending::Exited(7)
    );
    let killed = run(&*template, "os.kill(os.getpid(), 9)").await;
    assert_eq!(killed.ending, Ending::Signalled(9));
    let busy = "
import time
while time.process_time() < 0.3: pass";
    let output = run(&*template, busy).await;
    assert!(
        output.cpu >= Duration::from_millis(280),
        "{}",
        describe(&output)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_ended_at_its_deadline_with_all_it_started() {
    let host = Host::new(native()).await;
    let template = template(&host, &small()).await;
    let began = Instant::now();
    let program = "
import subprocess, time
subprocess.Popen(['setsid', 'sh', '-c', 'trap \"\" TERM; while :; do sleep 1; done'])
time.sleep(100)";
    let mut slow = round(program);
    slow.timeout = Duration::from_millis(500);
    let output = template.run(slow).await.unwrap();
    assert_eq!(output.ending, Ending::TimedOut);
    assert!(began.elapsed() < Duration::from_secs(10));
    // The process between the template and this copy may still be ending.
    let others = "
import os
known = {'1', str(between), str(os.getpid())}
print(len([p for p in os.listdir('/proc') if p.isdigit() and p not in known]))";
    assert_eq!(
        tell(&*template, others).await,
        "1",
        "only the template is left"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_memory_bomb_in_a_copy_is_ended() {
    let host = Host::new(native()).await;
    let template = template(&host, &small()).await;
    let output = run(&*template, "x = []\nwhile True: x.append(b'x' * 10**6)").await;
    assert!(
        matches!(output.ending, Ending::OutOfMemory),
        "{}",
        describe(&output)
    );
    // The kernel may have chosen the template as well: then it says so.
    match template.run(round("print(prepared)")).await {
        Ok(output) => assert!(output.success(), "{}", describe(&output)),
        Err(error) => assert!(matches!(error, Error::Gone(_)), "{error}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fork_bomb_in_a_copy_is_contained() {
    let host = Host::new(native()).await;
    let template = template(&host, &small()).await;
    let mut bomb = round(
        "
while True:
    try: os.fork()
    except OSError: pass",
    );
    bomb.timeout = Duration::from_secs(1);
    let output = template.run(bomb).await.unwrap();
    assert_eq!(output.ending, Ending::TimedOut, "{}", describe(&output));
    match template.run(round("print(prepared)")).await {
        Ok(output) => assert!(output.success(), "{}", describe(&output)),
        Err(error) => assert!(matches!(error, Error::Gone(_)), "{error}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_layers_and_the_state_cannot_be_looked_into() {
    let host = Host::new(native()).await;
    let template = template(&host, &small()).await;
    let program = "
for folder in ('/.layers', '/.state'):
    try: print(os.listdir(folder))
    except OSError as error: print(error.errno)
try: os.mkdir('/.layers/x')
except OSError as error: print(error.errno)
print([line for line in open('/proc/self/mounts') if 'swemill' in line.lower() or '/work' in line])";
    let seen = tell(&*template, program).await;
    let lines: Vec<&str> = seen.lines().collect();
    for line in &lines[..2] {
        assert!(["13", "[]"].contains(line), "{seen}");
    }
    assert_ne!(lines[2], "", "{seen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_template_that_ends_before_it_is_ready_is_an_error() {
    let host = Host::new(native()).await;
    let environment = host.backend.prepare(&host.spec()).await.unwrap();
    let command = python("raise SystemExit(3)");
    let error = host
        .backend
        .template(&environment, &small(), &command)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Gone(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_template_that_is_never_ready_is_given_up() {
    let host = Host::new(native()).await;
    let environment = host.backend.prepare(&host.spec()).await.unwrap();
    let command = python("import time; time.sleep(100)").timeout(Duration::from_millis(300));
    let error = host
        .backend
        .template(&environment, &small(), &command)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unresponsive(_)), "{error}");
}

#[tokio::test]
#[ignore = "a measurement: cargo test --release -p swemill-sandbox --test native hundred_rounds -- --ignored --nocapture"]
async fn hundred_rounds() {
    let host = Host::new(native()).await;
    let template = template(&host, &small()).await;
    let began = Instant::now();
    for _ in 0..100 {
        run(&*template, "os._exit(0)").await;
    }
    println!("a round: {:?}", began.elapsed() / 100);
}
