//! Agents at work: attempts as jobs, in real sandboxes, graded by the hidden tests.

mod kills;
mod served;

use std::path::Path;

use serde_json::Value;

use crate::support::{Home, SOUND, project};

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
    let status = home.succeed(&["status", "--json"]).json();
    let campaign = &status["counts"]["campaigns"][1];
    assert_eq!(
        (
            &campaign["graded"],
            &campaign["resolved"],
            &campaign["failed"]
        ),
        (&2.into(), &2.into(), &1.into()),
        "{campaign}"
    );
    let failures = status["counts"]["failures"].as_array().unwrap();
    let of_rollouts = serde_json::json!({"what": "rollout", "class": "infra", "count": 1});
    assert!(failures.contains(&of_rollouts), "{failures:?}");
    let status = home.succeed(&["status"]);
    let words_of_it =
        "2 of 2 graded attempts resolved; 0 unfinished: 0 queued, 0 running, 0 to grade; 1 failed";
    assert!(status.stdout.contains(words_of_it), "{}", status.text());
    let retried = home.run(&words).json();
    assert_eq!(retried["asked"]["retried"], 1, "{retried}");
}
