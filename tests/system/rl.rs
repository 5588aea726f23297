//! `swemill serve`: trainers drive episodes over HTTP, with `requests` alone.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::python::{python, satisfied};
use crate::support::serving::Server;
use crate::support::{Home, SOUND, project};

/// A home with instances of the small project, a file of what only tests may know of them, and the clients' Python.
struct Instances {
    python: PathBuf,
    home: Home,
    folder: TempDir,
}

impl Instances {
    fn new() -> Option<Self> {
        let python = python()?;
        let folder = tempfile::tempdir().unwrap();
        let source = project(&folder.path().join("sums"), SOUND);
        let home = Home::new();
        let source = source.to_str().unwrap();
        home.succeed(&["run", source, "--seed", "3", "--max-candidates", "25"]);
        let listed = home.succeed(&["instances", "--json"]).json();
        let shown: Vec<Value> = listed
            .as_array()
            .unwrap()
            .iter()
            .take(6)
            .map(|row| {
                let id = row["instance_id"].as_str().unwrap();
                home.succeed(&["instances", id, "--json"]).json()
            })
            .collect();
        let file = folder.path().join("instances.json");
        std::fs::write(file, serde_json::to_vec(&shown).unwrap()).unwrap();
        Some(Self {
            python,
            home,
            folder,
        })
    }

    fn serve(&self, flags: &[&str]) -> Server {
        let words = [&["serve", "--listen", "127.0.0.1:0"], flags].concat();
        Server::start(self.home.command(&words).env("KEY_OF_TEST", "a key"))
    }

    /// One of the client scripts; it says what was wrong itself.
    fn script(&self, server: &Server, script: &str) -> Command {
        let mut command = Command::new(&self.python);
        command
            .arg(Path::new("../tests/system/rl").join(script))
            .env("URL", &server.url)
            .env("SERVER_ID", server.id().to_string())
            .env("INSTANCES", self.folder.path().join("instances.json"))
            .env("SWEMILL_HOME", self.home.path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("NO_PROXY", "127.0.0.1");
        command
    }

    fn satisfies(&self, server: &Server, script: &str) {
        let said = satisfied(&mut self.script(server, script));
        assert!(said.contains(": fine"), "{said}");
    }
}

#[test]
fn the_example_client_plays_episodes_and_prints_their_rewards() {
    let Some(instances) = Instances::new() else {
        return;
    };
    let server = instances.serve(&["--api-key-env", "KEY_OF_TEST"]);
    let mut example = Command::new(&instances.python);
    example
        .arg("../docs/examples/rl_client.py")
        .args([&server.url, "--count", "3", "--attempts", "2"])
        .env("NO_PROXY", "127.0.0.1");
    let text = std::fs::read_to_string("../docs/examples/rl_client.py").unwrap();
    let imported = text.lines().filter(|line| line.contains("import "));
    assert_eq!(
        imported.collect::<Vec<_>>(),
        [
            "import argparse",
            "import json",
            "import os",
            "import requests"
        ],
        "beside Python itself `requests` is all that it needs"
    );
    let refused = example.output().unwrap();
    let stderr = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && stderr.contains("401"),
        "{stderr}"
    );
    let said = satisfied(example.env("SWEMILL_API_KEY", "a key"));
    assert_eq!(said.matches("empty, reward 0.0").count(), 6, "{said}");
    assert!(said.contains("6 episodes, mean reward 0.000"), "{said}");
    assert_eq!(server.stop(), Some(0));
    instances.home.leaves_nothing();
}

#[test]
fn the_repair_by_steps_is_worth_one_and_an_empty_walk_nothing() {
    let Some(instances) = Instances::new() else {
        return;
    };
    let server = instances.serve(&[]);
    instances.satisfies(&server, "rewards.py");
}

#[test]
fn requests_that_make_no_sense_are_refused_with_a_code_and_nothing_of_them_is_done() {
    let Some(instances) = Instances::new() else {
        return;
    };
    let server = instances.serve(&["--episodes", "4", "--body-limit", "65536"]);
    instances.satisfies(&server, "refusals.py");
}

#[test]
fn episodes_end_as_rollouts_do_and_a_failure_of_the_machinery_is_no_reward_of_zero() {
    let Some(instances) = Instances::new() else {
        return;
    };
    let server = instances.serve(&[]);
    instances.satisfies(&server, "endings.py");
}

#[test]
fn episodes_that_are_left_alone_or_whose_server_stops_or_is_killed_leave_no_process() {
    let Some(instances) = Instances::new() else {
        return;
    };
    let server = instances.serve(&["--idle-seconds", "4"]);
    let mut idle = instances.script(&server, "parting.py");
    satisfied(idle.env("WHAT", "idle"));
    assert_eq!(server.stop(), Some(0));
    instances.home.leaves_nothing();

    let mut server = instances.serve(&[]);
    let mut stepping = instances.script(&server, "parting.py");
    let mut stepping = stepping
        .env("WHAT", "stop")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(stepping.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "stepping");
    server.terminate();
    assert_eq!(server.ends(), Some(0), "the step was waited for");
    assert!(stepping.wait().unwrap().success());
    instances.home.leaves_nothing();

    let server = instances.serve(&["--drain", "1"]);
    let mut cut_off = instances.script(&server, "parting.py");
    satisfied(cut_off.env("WHAT", "cut off"));
    assert_eq!(server.stop(), Some(1), "a step of a minute was cut off");
    instances.home.leaves_nothing();

    let server = instances.serve(&[]);
    let mut killed = instances.script(&server, "parting.py");
    satisfied(killed.env("WHAT", "kill"));
    server.kill();
    instances.home.leaves_no_process();
}

#[test]
fn a_server_that_cannot_listen_or_has_no_key_says_so() {
    let home = Home::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (flags, words) in [
        (["--listen", &address], "could not listen on"),
        (["--api-key-env", "NOT_SET_AT_ALL"], "NOT_SET_AT_ALL"),
    ] {
        let said = home.run(&["serve", flags[0], flags[1]]);
        assert_eq!(said.code, Some(3), "{}", said.text());
        assert!(said.stderr.contains(words), "{}", said.text());
    }
}
