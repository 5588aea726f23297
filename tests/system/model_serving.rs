//! `swemill model`: real models from the package index, run by hand and served to the clients that people use.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::Home;
use crate::support::python::{python, satisfied};
use crate::support::serving::Server;

pub(crate) const MODEL: &str = "smollm2-135m-instruct";
const ENCODER: &str = "minilm";
const KEY: &str = "a key of the tests";

/// A data folder that has the models, in the cache that the tests of the model runtime use too: `SWEMILL_MODELS`, by default
/// `swemill-tests` in the user's cache folder. None where `SWEMILL_MODELS=none` leaves these tests out, which CI may not.
pub(crate) fn home() -> Option<Home> {
    let asked = std::env::var_os("SWEMILL_MODELS").map(PathBuf::from);
    if asked.as_deref() == Some(Path::new("none")) {
        assert!(
            std::env::var_os("CI").is_none(),
            "SWEMILL_MODELS=none would leave out tests that must run under CI"
        );
        return None;
    }
    let cache = asked.unwrap_or_else(cache_folder);
    std::fs::create_dir_all(cache.join("models")).unwrap();
    let home = Home::new();
    std::os::unix::fs::symlink(cache.join("models"), home.path().join("models")).unwrap();
    for model in [MODEL, ENCODER] {
        loop {
            let said = home.run(&["model", "pull", model]);
            if said.code == Some(0) {
                break;
            }
            // Tests are processes of their own: one pulls, the others wait.
            assert!(
                said.stderr.contains("pulled by another process"),
                "{}",
                said.text()
            );
            std::thread::sleep(Duration::from_millis(500));
        }
    }
    Some(home)
}

fn cache_folder() -> PathBuf {
    let named = |variable| std::env::var_os(variable).map(PathBuf::from);
    named("XDG_CACHE_HOME")
        .filter(|folder| folder.is_absolute())
        .or_else(|| Some(named("HOME")?.join(".cache")))
        .unwrap_or_else(std::env::temp_dir)
        .join("swemill-tests")
}

/// A running `swemill model serve`.
pub(crate) struct ModelServer {
    server: Server,
    home: Home,
}

impl ModelServer {
    pub(crate) fn start() -> Option<Self> {
        let home = home()?;
        let arguments = [
            "model",
            "serve",
            "--model",
            MODEL,
            "--embedding-model",
            ENCODER,
            "--port",
            "0",
            "--api-key-env",
            "KEY_OF_TEST",
            "--drain",
            "5",
        ];
        let server = Server::start(home.command(&arguments).env("KEY_OF_TEST", KEY));
        Some(Self { server, home })
    }

    /// A script in the clients' Python, told where the server is.
    pub(crate) fn client(&self, python: &Path, script: &str) -> Command {
        let mut command = Command::new(python);
        command
            .arg(format!("../tests/system/{script}"))
            .env("URL", &self.server.url)
            .env("KEY", KEY)
            .env("MSWEA_SILENT_STARTUP", "1")
            .env(
                "MSWEA_GLOBAL_CONFIG_DIR",
                self.home.path().join("agent-settings"),
            )
            .env("NO_PROXY", "127.0.0.1");
        command
    }

    /// Runs one of the client scripts; it says what was wrong itself.
    fn satisfies(&self, script: &str) {
        let Some(python) = python() else { return };
        let script = format!("model_serving/{script}");
        let said = satisfied(&mut self.client(&python, &script));
        assert!(said.contains(": fine"), "{said}");
    }
}

#[test]
fn the_openai_client_finds_what_it_knows_and_the_server_stops_when_told() {
    let Some(server) = ModelServer::start() else {
        return;
    };
    server.satisfies("openai_client.py");
    assert_eq!(server.server.stop(), Some(0));
}

#[test]
fn the_litellm_client_streams_calls_tools_and_knows_its_errors() {
    let Some(server) = ModelServer::start() else {
        return;
    };
    server.satisfies("litellm_client.py");
}

#[test]
fn mini_swe_agent_works_with_a_served_model() {
    let Some(server) = ModelServer::start() else {
        return;
    };
    server.satisfies("mini_swe_agent.py");
}

#[test]
fn a_model_is_listed_described_asked_measured_and_removed() {
    let Some(home) = home() else { return };
    let listed = home.run(&["model", "list", "--json"]).json();
    let names: Vec<&str> = listed["installed"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|model| model["name"].as_str())
        .collect();
    assert!(
        names.contains(&ENCODER) && names.contains(&MODEL),
        "{names:?}"
    );
    let described = home
        .run(&["model", "info", MODEL, "--verify", "--json"])
        .json();
    assert_eq!(described["description"]["context"], 8192);
    let asked = [
        "model",
        "generate",
        MODEL,
        "--chat",
        "--prompt",
        "What is 2 + 2?",
        "--max-tokens",
        "24",
    ];
    let plain = home.run(&asked);
    assert!(plain.stdout.contains('4'), "{}", plain.text());
    let answer = home.run(&[&asked[..], &["--json"]].concat()).json();
    assert_eq!(answer["text"].as_str().unwrap().trim(), plain.stdout.trim());
    assert_eq!(answer["finish_reason"], "stop");
    let measured = [
        "model",
        "bench",
        MODEL,
        "--prompt-tokens",
        "32",
        "--new-tokens",
        "8",
        "--runs",
        "1",
        "--threads",
        "1",
        "--json",
    ];
    let measured: Value = home.run(&measured).json();
    assert_eq!(measured["threads"], 1);
    assert!(
        measured["median"]["prefill"].as_f64().unwrap() > 0.0
            && measured["median"]["decode"].as_f64().unwrap() > 0.0
    );
    // The copy that is removed is one of this test's own.
    let own = Home::new();
    let folder = std::fs::canonicalize(home.path().join("models").join(MODEL)).unwrap();
    let folder = folder.to_str().unwrap();
    assert_eq!(
        own.run(&["model", "pull", folder, "--as", "mine"]).code,
        Some(0)
    );
    assert_eq!(own.run(&["model", "remove", "mine"]).code, Some(0));
    assert_eq!(own.run(&["model", "info", "mine"]).code, Some(3));
}

#[test]
fn verbs_of_models_say_what_is_wrong_and_what_to_do() {
    let Some(home) = home() else { return };
    for (arguments, words) in [
        (
            &["model", "generate", "nosuch", "--prompt", "x"][..],
            "swemill model pull",
        ),
        (
            &["model", "generate", MODEL, "--prompt", ""],
            "the prompt is empty",
        ),
        (
            &["model", "generate", MODEL, "--prompt", "x", "--top-p", "3"],
            "`top_p` is 3",
        ),
        (&["model", "generate", ENCODER, "--prompt", "x"], "bert"),
        (&["model", "serve"], "--embedding-model"),
        (
            &[
                "model",
                "serve",
                "--model",
                MODEL,
                "--api-key-env",
                "NOT_SET_AT_ALL",
            ],
            "NOT_SET_AT_ALL",
        ),
        (
            &["model", "bench", MODEL, "--new-tokens", "1"],
            "at least two",
        ),
    ] {
        let said = home.run(arguments);
        assert_eq!(said.code, Some(3), "{arguments:?}: {}", said.text());
        assert!(
            said.stderr.contains(words),
            "{arguments:?}: {}",
            said.text()
        );
    }
}
