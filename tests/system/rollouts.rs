//! Agents at work: attempts as jobs, in real sandboxes, graded by the hidden tests.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Home, SOUND, finish, project};

/// Kills of a worker in one run of the test.
const KILLS: u32 = 6;

/// A home with a few instances of the small project.
fn home(folder: &Path) -> Home {
    let source = project(&folder.join("sums"), SOUND);
    let home = Home::new();
    let source = source.to_str().unwrap();
    home.succeed(&["run", source, "--seed", "3", "--max-candidates", "25"]);
    home
}

fn expert(home: &Home, more: &[&str]) -> Value {
    let words = ["rollout", "--policy", "expert", "--until-idle", "--json"];
    let words: Vec<&str> = words.iter().chain(more).copied().collect();
    home.succeed(&words).json()
}

#[test]
fn the_expert_resolves_every_accepted_instance_and_exports_say_that_it_was_one() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(folder.path());
    let said = expert(&home, &["--interface", "swe-agent"]);
    let account = &said["accounts"][0];
    assert!(account["graded"].as_i64().unwrap() >= 10, "{account}");
    assert_eq!(account["resolved"], account["attempts"], "{account}");
    assert_eq!(account["pass_at_k"][0]["estimate"], 1.0, "{account}");

    let again = expert(&home, &["--interface", "swe-agent"]);
    assert_eq!(again["asked"]["new"], 0, "asking again is no new attempt");

    let first = home.rows("SELECT id, candidate_id FROM rollouts ORDER BY id LIMIT 1");
    let shown = home.succeed(&["rollouts", &first[0]["id"].to_string()]);
    for words in [
        "resolved",
        "I begin by reproducing the problem.",
        "str_replace",
    ] {
        assert!(shown.stdout.contains(words), "{words} in {}", shown.text());
    }
    let instance = first[0]["candidate_id"].as_str().unwrap();
    let shown = home.succeed(&["instances", instance]);
    assert!(
        shown.stdout.contains("1 of 1 graded attempts resolved it"),
        "{}",
        shown.text()
    );

    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    for format in ["traj", "mini", "swe-smith-tool", "preds"] {
        home.succeed(&["rollouts", "export", "--format", format, "--out", out]);
    }
    let lines = std::fs::read_to_string(Path::new(out).join("tool.jsonl")).unwrap();
    let row: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&row["policy"], &row["resolved"]),
        (&"expert".into(), &true.into())
    );
    let predictions = Path::new(out).join("predictions.jsonl");
    let graded = home
        .succeed(&["grade", predictions.to_str().unwrap(), "--json"])
        .json();
    let report = &graded["reports"]["policy=expert"];
    assert_eq!(
        report["resolved_instances"], account["attempts"],
        "{report}"
    );
}

#[test]
fn a_worker_killed_while_agents_work_loses_no_finished_step_and_grades_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(folder.path());
    home.succeed(&["rollout", "--policy", "expert", "--attempts", "3"]);
    let mut state = 20_261_125_u64;
    let mut seen: Vec<Value> = Vec::new();
    for _ in 0..KILLS {
        let mut command = home.command(&["work", "--until-idle", "--set", "rollouts=4"]);
        let mut worker = command.env("SWEMILL_LEASE_SECONDS", "2").spawn().unwrap();
        // It is killed a while after it has finished a step.
        let count =
            || home.rows("SELECT count(*) AS steps FROM rollout_steps")[0]["steps"].as_u64();
        while count() <= Some(seen.len() as u64) && worker.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(100));
        }
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        std::thread::sleep(Duration::from_millis((state >> 33) % 1500));
        worker.kill().unwrap();
        finish(worker);
        let kept =
            "SELECT rollout_id, index, md5(content) AS digest FROM rollout_steps ORDER BY 1, 2";
        let now = home.rows(kept);
        let restarted = home.rows("SELECT id FROM rollouts WHERE restarts > 0");
        assert!(restarted.is_empty(), "{restarted:?}");
        assert!(
            seen.iter().all(|step| now.contains(step)),
            "a finished step was lost or changed"
        );
        seen = now;
    }
    let resumed = home.rows("SELECT id FROM rollouts WHERE state IN ('queued', 'running')");
    assert!(!resumed.is_empty(), "the last kill hit nothing");
    let mut last = home.command(&["work", "--until-idle"]);
    let said = finish(last.env("SWEMILL_LEASE_SECONDS", "2").spawn().unwrap());
    assert_eq!(said.code, Some(0), "{}", said.text());
    let wrong = home
        .rows("SELECT id, state, outcome FROM rollouts WHERE outcome IS DISTINCT FROM 'resolved'");
    assert!(wrong.is_empty(), "{wrong:?}");
    let twice = home.rows(
        "SELECT kind, key, count(*) FROM jobs WHERE kind IN ('rollout', 'grade') GROUP BY kind, key
         HAVING count(*) <> 1",
    );
    assert!(twice.is_empty(), "{twice:?}");
    let gaps = home.rows(
        "SELECT rollout_id FROM rollout_steps GROUP BY rollout_id HAVING count(*) <> max(index) + 1",
    );
    assert!(gaps.is_empty(), "{gaps:?}");
}

#[test]
fn what_cannot_be_replayed_is_the_machinerys_failure_and_is_tried_again_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(folder.path());
    let refused = home.run(&["rollout", "--until-idle"]);
    assert!(
        refused.stderr.contains("name a model with --model"),
        "{}",
        refused.text()
    );
    let words = ["rollout", "--policy", "replay", "--replay", "1"];
    let refused = home.run(&words);
    assert!(
        refused.stderr.contains("there is no campaign 1"),
        "{}",
        refused.text()
    );
    expert(&home, &["--limit", "2"]);
    // Of the third instance there is nothing to replay: the machinery's failure, in no pass@k.
    let words = [
        "rollout",
        "--policy",
        "replay",
        "--replay",
        "1",
        "--limit",
        "3",
        "--until-idle",
        "--json",
    ];
    let said = home.run(&words);
    assert_eq!(said.code, Some(1), "{}", said.text());
    let account = &said.json()["accounts"][0];
    assert_eq!(
        (&account["resolved"], &account["graded"], &account["failed"]),
        (&2.into(), &2.into(), &1.into())
    );
    assert_eq!(account["pass_at_k"][0]["instances"], 2, "{account}");
    let retried = home.run(&words).json();
    assert_eq!(retried["asked"]["retried"], 1, "{retried}");
}
