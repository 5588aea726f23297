//! Commands: how they start, what they are given, what comes back.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::time::{Duration, Instant};

use swemill_sandbox::{Command, Ending, Error};

use super::{Host, describe, python, shell, small, succeed};

pub(crate) async fn a_command_reports_its_exit_status(host: &Host) {
    let sandbox = host.start().await;
    for status in [0, 1, 77, 255] {
        let output = sandbox
            .exec(shell(&format!("exit {status}")))
            .await
            .unwrap();
        assert_eq!(output.ending, Ending::Exited(status));
        assert_eq!(output.success(), status == 0);
    }
}

pub(crate) async fn a_command_killed_by_a_signal_reports_it(host: &Host) {
    let sandbox = host.start().await;
    for signal in [6, 9, 11, 15] {
        let output = sandbox
            .exec(shell(&format!("kill -{signal} $$; sleep 5")))
            .await
            .unwrap();
        assert_eq!(output.ending, Ending::Signalled(signal));
    }
}

pub(crate) async fn a_program_that_does_not_exist_is_an_error_that_names_it(host: &Host) {
    let sandbox = host.start().await;
    for program in ["no-such-program", "/no/such/program", "./none"] {
        let error = sandbox.exec(Command::new([program])).await.unwrap_err();
        assert!(matches!(error, Error::Spawn { .. }), "{error}");
        assert!(error.to_string().contains(program), "{error}");
    }
}

pub(crate) async fn a_file_that_is_no_program_is_an_error(host: &Host) {
    let sandbox = host.start().await;
    let error = sandbox
        .exec(Command::new(["./hello.txt"]))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Spawn { .. }), "{error}");
}

pub(crate) async fn a_command_without_words_is_an_error(host: &Host) {
    let sandbox = host.start().await;
    let error = sandbox.exec(Command::default()).await.unwrap_err();
    assert!(matches!(error, Error::Spawn { .. }), "{error}");
    let error = sandbox.exec(Command::new([""])).await.unwrap_err();
    assert!(matches!(error, Error::Spawn { .. }), "{error}");
    let error = sandbox.exec(Command::new(["a\0b"])).await.unwrap_err();
    assert!(matches!(error, Error::Spawn { .. }), "{error}");
}

pub(crate) async fn a_missing_working_directory_is_an_error_that_names_it(host: &Host) {
    let sandbox = host.start().await;
    let command = shell("true").working_directory("/no/such/folder");
    let error = sandbox.exec(command).await.unwrap_err();
    assert!(error.to_string().contains("/no/such/folder"), "{error}");
}

pub(crate) async fn an_error_at_the_start_leaves_the_sandbox_usable(host: &Host) {
    let sandbox = host.start().await;
    sandbox
        .exec(Command::new(["no-such-program"]))
        .await
        .unwrap_err();
    assert_eq!(succeed(&*sandbox, shell("echo here")).await, "here\n");
}

pub(crate) async fn a_command_starts_in_the_environments_working_directory_or_its_own(host: &Host) {
    let sandbox = host.start().await;
    assert_eq!(succeed(&*sandbox, shell("pwd")).await, "/testbed\n");
    let command = shell("pwd").working_directory("/testbed/folder");
    assert_eq!(succeed(&*sandbox, command).await, "/testbed/folder\n");
}

pub(crate) async fn nothing_of_the_callers_environment_is_inherited(host: &Host) {
    let sandbox = host.start().await;
    let names = succeed(
        &*sandbox,
        python("import os; print(*sorted(set(os.environ) - {'LC_CTYPE'}))"),
    )
    .await;
    assert_eq!(names, "HOME LANG LOGNAME PATH USER\n");
}

pub(crate) async fn a_commands_variables_go_before_the_environments(host: &Host) {
    let mut spec = host.spec();
    spec.variables.insert("ONE".into(), "environment".into());
    spec.variables.insert("TWO".into(), "environment".into());
    let sandbox = host.start_with(&spec, &small()).await;
    let command = shell("echo $ONE $TWO").variable("TWO", "command");
    assert_eq!(succeed(&*sandbox, command).await, "environment command\n");
}

pub(crate) async fn arguments_arrive_byte_for_byte(host: &Host) {
    let sandbox = host.start().await;
    let word = OsString::from_vec(b"a b\n'\"$HOME\\ \xff\xfe".to_vec());
    let command = Command::new([OsString::from("printf"), "%s".into(), word.clone()]);
    let output = sandbox.exec(command).await.unwrap();
    assert_eq!(output.stdout.head, word.into_vec());
}

pub(crate) async fn a_reader_of_standard_input_sees_its_end(host: &Host) {
    let sandbox = host.start().await;
    let began = Instant::now();
    assert_eq!(succeed(&*sandbox, shell("cat; echo end")).await, "end\n");
    assert!(began.elapsed() < Duration::from_secs(5));
}

pub(crate) async fn standard_input_of_many_megabytes_arrives_whole(host: &Host) {
    let sandbox = host.start().await;
    let input: Vec<u8> = (0..20_u32 << 18).flat_map(u32::to_le_bytes).collect();
    let digest = "import sys, zlib; print(zlib.crc32(sys.stdin.buffer.read()))";
    let output = succeed(&*sandbox, python(digest).stdin(input)).await;
    let expected = std::process::Command::new("python3")
        .args([
            "-c",
            "import struct, zlib; print(zlib.crc32(struct.pack('<%dI' % (20 << 18), *range(20 << 18))))",
        ])
        .output()
        .unwrap();
    assert_eq!(output.as_bytes(), expected.stdout);
}

pub(crate) async fn output_of_any_bytes_is_kept_as_it_is(host: &Host) {
    let sandbox = host.start().await;
    let program = "
import os
os.write(1, bytes(range(256)))
os.write(2, bytes(range(255, -1, -1)))";
    let output = sandbox.exec(python(program)).await.unwrap();
    let all: Vec<u8> = (0..=255).collect();
    assert_eq!(output.stdout.head, all);
    assert!(output.stderr.head.iter().eq(all.iter().rev()));
}

pub(crate) async fn a_gigabyte_of_output_keeps_its_beginning_and_end(host: &Host) {
    let sandbox = host.start().await;
    let output = sandbox
        .exec(shell("echo first; head -c 1G /dev/zero; echo last"))
        .await
        .unwrap();
    assert!(output.success(), "{}", describe(&output));
    assert!(output.stdout.head.starts_with(b"first\n"));
    assert!(output.stdout.tail.ends_with(b"last\n"));
    let kept = output.stdout.head.len() + output.stdout.tail.len();
    assert_eq!(kept, small().output_bytes);
    assert_eq!(output.stdout.dropped, (1 << 30) + 11 - kept as u64);
}

pub(crate) async fn an_endless_line_ends_at_the_deadline_and_is_bounded(host: &Host) {
    let sandbox = host.start().await;
    let command = shell("tr '\\0' x < /dev/zero >&2").timeout(Duration::from_millis(500));
    let output = sandbox.exec(command).await.unwrap();
    assert_eq!(output.ending, Ending::TimedOut);
    assert!(output.stderr.head.len() <= small().output_bytes);
    assert!(output.stderr.dropped > 0);
}

pub(crate) async fn an_operation_that_is_given_up_ends_the_sandbox(host: &Host) {
    let sandbox = host.start().await;
    let abandoned = tokio::time::timeout(
        Duration::from_millis(100),
        sandbox.exec(shell("sleep 1000")),
    );
    assert!(abandoned.await.is_err());
    let error = sandbox.exec(shell("true")).await.unwrap_err();
    assert!(matches!(error, Error::Gone(_)), "{error}");
}

pub(crate) async fn commands_of_two_sandboxes_run_at_the_same_time(host: &Host) {
    let (one, two) = tokio::join!(host.start(), host.start());
    let began = Instant::now();
    let (first, second) = tokio::join!(one.exec(shell("sleep 1")), two.exec(shell("sleep 1")));
    assert!(first.unwrap().success() && second.unwrap().success());
    assert!(began.elapsed() < Duration::from_millis(1900));
}
