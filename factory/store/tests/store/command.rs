//! A swemill-like command in a process of its own, to be killed: this test binary again, running one test only.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use swemill_store::{Store, StoreOptions};

/// A process that has a store open.
pub(crate) struct Holder {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Holder {
    /// Starts it, without waiting for the store.
    pub(crate) fn spawn(home: &Path) -> Self {
        Self::spawn_with(Command::new(std::env::current_exe().unwrap()), home)
    }

    /// The same as an ordinary user.
    pub(crate) fn spawn_as(user: u32, program: &Path, home: &Path) -> Self {
        let mut command = Command::new(program);
        command.uid(user).gid(user).current_dir("/");
        Self::spawn_with(command, home)
    }

    fn spawn_with(mut command: Command, home: &Path) -> Self {
        let mut child = command
            .args([
                "--exact",
                "command::holds_a_store_until_told",
                "--ignored",
                "--nocapture",
            ])
            .env("SWEMILL_TEST_HOME", home)
            .env_remove("DATABASE_URL")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    /// What it answers; the test harness's own lines are passed over.
    pub(crate) fn answer(&mut self) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(
                self.output.read_line(&mut line).unwrap(),
                0,
                "the process ended without an answer"
            );
            if let Some((_, answer)) = line.split_once("answer: ") {
                return answer.trim().to_owned();
            }
        }
    }

    pub(crate) fn ask(&mut self, request: &str) -> String {
        writeln!(self.input, "{request}").unwrap();
        self.answer()
    }

    /// Ends it in good order.
    pub(crate) fn finish(mut self) {
        assert_eq!(self.ask("close"), "closed");
        assert!(self.child.wait().unwrap().success());
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[tokio::test]
#[ignore = "not a test: what a Holder runs"]
async fn holds_a_store_until_told() {
    let Some(home) = std::env::var_os("SWEMILL_TEST_HOME") else {
        return;
    };
    let store = match Store::open(&StoreOptions::from_environment(&home)).await {
        Ok(store) => store,
        Err(error) => {
            println!(
                "answer: {}",
                error.to_string().replace(char::is_control, " / ")
            );
            return;
        }
    };
    println!("answer: open");
    for request in std::io::stdin().lines() {
        match request.unwrap().as_str() {
            "count" => {
                let count: i64 = sqlx::query_scalar("SELECT count(*) FROM jobs")
                    .fetch_one(store.pool())
                    .await
                    .unwrap();
                println!("answer: {count}");
            }
            "add" => {
                sqlx::query("INSERT INTO jobs (kind, key, payload, max_attempts) SELECT 'k', count(*)::text, '{}', 1 FROM jobs")
                    .execute(store.pool())
                    .await
                    .unwrap();
                println!("answer: added");
            }
            _ => break,
        }
    }
    store.close().await.unwrap();
    println!("answer: closed");
}
