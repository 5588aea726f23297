//! What the command line says: help, settings, errors, output for machines.

use insta::assert_snapshot;

use crate::support::{Home, SOUND, project};

#[test]
fn every_verb_explains_itself() {
    let home = Home::new();
    assert_snapshot!("help", home.succeed(&["--help"]).stdout);
    for verb in [
        "add",
        "work",
        "run",
        "mutate",
        "status",
        "instances",
        "enter",
        "verify",
        "grade",
        "serve",
        "export",
        "doctor",
        "config",
    ] {
        assert_snapshot!(
            format!("help_{verb}"),
            home.succeed(&[verb, "--help"]).stdout
        );
    }
}

#[test]
fn config_tells_every_setting_with_its_origin_and_hides_passwords() {
    let home = Home::new();
    let mut command = home.command(&["config", "--set", "confirmations=2", "--set", "workers=3"]);
    command
        .env("DATABASE_URL", "postgres://user:secret@host/db")
        .env("SWEMILL_HOME", "/data");
    let said = crate::support::finish(command.spawn().unwrap());
    assert_snapshot!("config", said.stdout);
}

#[test]
fn wrong_words_are_refused_before_anything_is_done() {
    let home = Home::new();
    for (arguments, code, expected) in [
        (&["run"][..], 2, "required arguments were not provided"),
        (&["run", "pypi:"], 3, "pypi:"),
        (
            &["run", ".", "--strategies", "func_pm_opp_swap"],
            3,
            "op_swap",
        ),
        (&["run", ".", "--licenses", "Apachy-2.0"], 3, "Apachy-2.0"),
        (
            &["status", "--set", "colour=blue"],
            3,
            "there is no setting `colour`",
        ),
        (
            &["export", "arrow", "--out", "x"],
            2,
            "unrecognized subcommand 'arrow'",
        ),
        (&["verify"], 2, "required arguments were not provided"),
        (&["verify", "--all"], 3, "there are no instances yet"),
        (&["instances", "nobody"], 3, "there is no instance nobody"),
        (
            &["instances", "--min-f2p", "3", "--max-f2p", "2"],
            3,
            "no instance has at least 3",
        ),
        (&["mutate", "/nonexistent"], 3, "/nonexistent"),
    ] {
        let said = home.run(arguments);
        assert_eq!(said.code, Some(code), "{arguments:?}: {}", said.text());
        assert!(
            said.stderr.contains(expected),
            "{arguments:?}: {}",
            said.text()
        );
    }
}

#[test]
fn json_output_is_one_document_and_nothing_else() {
    let home = Home::new();
    for arguments in [
        &["status"][..],
        &["instances"],
        &["config"],
        &["verify", "--all"],
    ] {
        let said = home.run(&[arguments, &["--json"]].concat());
        said.json();
        assert_eq!(said.stderr, "", "{arguments:?}");
    }
}

#[test]
fn candidates_of_a_folder_are_the_same_with_one_thread_and_with_eight() {
    let folder = tempfile::tempdir().unwrap();
    let source = project(&folder.path().join("sums"), SOUND);
    let home = Home::new();
    let lines = |threads: &str, limit: &[&str]| {
        let arguments = [
            &[
                "mutate",
                source.to_str().unwrap(),
                "--threads",
                threads,
                "--seed",
                "5",
            ],
            limit,
        ]
        .concat();
        home.succeed(&arguments).stdout
    };
    let all = lines("1", &[]);
    assert!(all.lines().count() > 30, "{all}");
    assert_eq!(all, lines("8", &[]));
    let some = lines("8", &["--max-candidates", "7"]);
    assert_eq!(some.lines().count(), 7);
    assert!(
        some.lines().all(|line| all.contains(line)),
        "a sampled candidate is not among all"
    );
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let source = project(&folder.path().join("sums"), SOUND);
    let script = format!(
        "set -o pipefail; {} mutate {} | head -n 1 | wc -l",
        env!("CARGO_BIN_EXE_swemill"),
        source.display()
    );
    let done = std::process::Command::new("bash")
        .args(["-c", &script])
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
    assert_eq!(String::from_utf8_lossy(&done.stdout).trim(), "1");
}

#[test]
fn the_doctor_finds_this_machine_well() {
    let said = Home::new().succeed(&["doctor"]);
    for thing in ["Postgres", "Python", "sandbox"] {
        assert!(said.stdout.contains(thing), "{}", said.text());
    }
}
