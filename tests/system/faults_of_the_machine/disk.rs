//! A disk that fills up under a run.

use std::process::{Command, Stdio};

use super::{SETTINGS, Source, is_root, same, undisturbed};
use crate::support::{Home, finish};

/// Runs a script in which the data folder is a small file system of its own, which nobody else sees.
fn with_small_disk(home: &Home, script: &str) -> crate::support::Said {
    let mut shell = Command::new("unshare");
    shell.args(["--mount", "--propagation", "private", "sh", "-euc", script]);
    let swemill = home.command(&[]);
    for (name, value) in swemill.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.env("SWEMILL", swemill.get_program());
    shell
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    finish(shell.spawn().unwrap())
}

#[test]
fn a_full_disk_is_told_as_such_and_the_run_finishes_once_there_is_room() {
    if !is_root() {
        // Mounting a small file system takes root.
        return;
    }
    let source = Source::new();
    let expected = undisturbed(&source);
    let home = Home::new();
    let run = source.asked("run").join(" ") + " " + &SETTINGS.join(" ");
    // First there is no room for the database, then none for the environment, then enough while the run still tries. The tools lie outside.
    let script = format!(
        "tools=$(readlink \"$SWEMILL_HOME/tools\")\n\
         mount -t tmpfs -o size=8m none \"$SWEMILL_HOME\"\n\
         ln -s \"$tools\" \"$SWEMILL_HOME/tools\"\n\
         code=0; \"$SWEMILL\" {run} || code=$?; echo \"first: $code\"\n\
         mount -o remount,size=48m \"$SWEMILL_HOME\"\n\
         \"$SWEMILL\" {run} 2> \"$TMPDIR/told\" & running=$!\n\
         until grep 'disk has room' \"$TMPDIR/told\"; do kill -0 $running; sleep 0.2; done\n\
         mount -o remount,size=2g \"$SWEMILL_HOME\"\n\
         wait $running\n\
         cat \"$TMPDIR/told\"; rm \"$TMPDIR/told\"\n\
         \"$SWEMILL\" export swesmith --out \"$SWEMILL_HOME/out\"\n\
         cp \"$SWEMILL_HOME/out/swesmith.jsonl\" \"$TMPDIR\"\n"
    );
    let said = with_small_disk(&home, &script);
    assert_eq!(said.code, Some(0), "{}", said.text());
    assert!(said.stdout.contains("first: 3"), "{}", said.text());
    for told in [
        "no space is left for the database",
        "build failed (infra), again in",
        "disk has room",
    ] {
        assert!(said.text().contains(told), "{}", said.text());
    }
    let made = home.temporary().join("swesmith.jsonl");
    same(&std::fs::read(&made).unwrap(), &expected);
    std::fs::remove_file(made).unwrap();
    home.leaves_nothing();
}
