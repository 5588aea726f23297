//! What several tests do: run a mutation, and ask the host's Python whether code compiles.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use swemill_mutation::{Candidate, Options, Summary, mutate};

/// The options of a test: this strategy list, one thread.
pub(crate) fn options(strategies: &str) -> Options {
    Options {
        strategies: strategies
            .parse()
            .expect("tests name strategies that exist"),
        threads: std::num::NonZeroUsize::new(1),
        ..Options::default()
    }
}

/// All candidates of a run.
pub(crate) fn run(root: &Path, options: &Options) -> (Vec<Candidate>, Summary) {
    let mut candidates = Vec::new();
    let summary = mutate(root, options, &mut |candidate| candidates.push(candidate))
        .expect("the folder is there");
    (candidates, summary)
}

/// Compiles every source in one Python process; gives the place and the message of those that fail.
pub(crate) fn compile_all(sources: &[String]) -> Vec<(usize, String)> {
    let script = "import json, sys, warnings\n\
        warnings.simplefilter('ignore')\n\
        failures = []\n\
        for place, source in enumerate(json.load(sys.stdin)):\n\
        \x20   try:\n\
        \x20       compile(source.encode(), 'mutant.py', 'exec', dont_inherit=True)\n\
        \x20   except Exception as error:\n\
        \x20       failures.append((place, repr(error)))\n\
        json.dump(failures, sys.stdout)\n";
    let mut python = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("these tests need python3");
    let input = serde_json::to_vec(sources).expect("strings are always JSON");
    let mut stdin = python.stdin.take().expect("it is piped");
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = python.wait_with_output().expect("python3 runs");
    writer
        .join()
        .expect("the writer does not panic")
        .expect("python3 reads everything");
    serde_json::from_slice(&output.stdout).expect("the script writes JSON")
}
