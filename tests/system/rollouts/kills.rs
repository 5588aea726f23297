//! Workers that are killed while agents work: no finished step is lost, nothing is graded twice, nothing is left behind.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Child;
use std::time::Duration;

use serde_json::Value;

use super::home;
use crate::support::{Home, finish};

/// Workers are killed between these two moments after their start, in milliseconds: some before their first claim, most
/// while agents work and grades run.
const MOMENTS: std::ops::Range<u64> = 500..4_000;
/// Attempts at each instance that are asked for at a time.
const ATTEMPTS: usize = 2;
/// Leases of killed workers run out soon.
const LEASE_SECONDS: &str = "2";

/// A step that was stored: its rollout, its number, the digest of its content.
type Steps = BTreeMap<(i64, i64), String>;

/// What a series of kills came to.
#[derive(Debug, Default)]
struct Kills {
    hit: usize,
    asked: usize,
    steps: Steps,
    /// Steps that were there at one of the kills, and the one before.
    grown: usize,
    /// The most attempts that one kill hit.
    most_at_once: usize,
}

#[test]
fn a_worker_killed_at_ten_moments_while_agents_work_loses_no_finished_step_and_grades_nothing_twice()
 {
    kill(10);
}

#[test]
#[ignore = "a hundred kills take ten minutes and more: `make test-kills`"]
fn a_worker_killed_at_a_hundred_moments_while_agents_work_loses_no_finished_step_and_grades_nothing_twice()
 {
    kill(100);
}

/// Kills workers until so many kills have hit one that was at work, then lets a last one finish, and looks at everything.
fn kill(times: usize) {
    let folder = tempfile::tempdir().unwrap();
    let home = home(folder.path());
    let mut kills = Kills::default();
    let mut state = 20_261_125_u64;
    kills.ask_for_more(&home);
    while kills.hit < times {
        let mut worker = start(&home);
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let moment = MOMENTS.start + (state >> 33) % (MOMENTS.end - MOMENTS.start);
        std::thread::sleep(Duration::from_millis(moment));
        if worker.try_wait().unwrap().is_some() {
            assert_eq!(finish(worker).code, Some(0));
            kills.ask_for_more(&home);
            continue;
        }
        worker.kill().unwrap();
        finish(worker);
        home.leaves_no_process();
        kills.look(&home);
    }
    let last = finish(start(&home));
    assert_eq!(last.code, Some(0), "{}", last.text());
    kills.look(&home);
    everything_was_done_once(&home);
    home.leaves_nothing();
    let sealed = std::fs::read_dir(home.path().join("sealed"));
    let sealed: Vec<_> = sealed.into_iter().flatten().collect();
    assert!(sealed.is_empty(), "sealed places are left: {sealed:?}");
    kills.tell(&home);
}

fn start(home: &Home) -> Child {
    let mut command = home.command(&["work", "--until-idle", "--set", "rollouts=4"]);
    let command = command.env("SWEMILL_LEASE_SECONDS", LEASE_SECONDS);
    command.spawn().unwrap()
}

impl Kills {
    /// Asks for further attempts, so that there is something to kill.
    fn ask_for_more(&mut self, home: &Home) {
        self.asked += ATTEMPTS;
        let attempts = self.asked.to_string();
        home.succeed(&["rollout", "--policy", "expert", "--attempts", &attempts]);
    }

    /// Demands that every step that was ever there still is, unchanged.
    fn look(&mut self, home: &Home) {
        let restarted = home.rows("SELECT id, restart_reason FROM rollouts WHERE restarts > 0");
        assert!(restarted.is_empty(), "{restarted:?}");
        let rows = "SELECT rollout_id, index, md5(content) AS digest FROM rollout_steps";
        let rows = home.rows(rows);
        let number = |row: &Value, name: &str| row[name].as_i64().unwrap();
        let now: Steps = (rows.iter())
            .map(|row| {
                let digest = row["digest"].as_str().unwrap().to_owned();
                ((number(row, "rollout_id"), number(row, "index")), digest)
            })
            .collect();
        assert_eq!(now.len(), rows.len(), "a step is there twice");
        for (step, digest) in &self.steps {
            assert_eq!(now.get(step), Some(digest), "{step:?} was lost or changed");
        }
        let running = home
            .rows("SELECT id FROM jobs WHERE kind IN ('rollout', 'grade') AND state = 'running'");
        self.most_at_once = self.most_at_once.max(running.len());
        self.hit += usize::from(!running.is_empty());
        self.grown += usize::from(now.len() > self.steps.len());
        self.steps = now;
    }

    /// Says what the kills came to, for whoever keeps the figures.
    fn tell(&self, home: &Home) {
        let told = home.rows(
            "SELECT count(*) AS rollouts, sum(resumes) AS resumes, sum(steps) AS steps,
                    (SELECT sum(fence) - count(*) FROM jobs WHERE kind = 'rollout') AS attempts_cut_off,
                    (SELECT sum(fence) - count(*) FROM jobs WHERE kind = 'grade') AS grades_cut_off
             FROM rollouts",
        );
        let _ = writeln!(
            std::io::stderr(),
            "{} kills hit up to {} jobs each; steps were added between {} of them; {}",
            self.hit,
            self.most_at_once,
            self.grown,
            told[0]
        );
    }
}

fn everything_was_done_once(home: &Home) {
    let wrong = home
        .rows("SELECT id, state, outcome FROM rollouts WHERE outcome IS DISTINCT FROM 'resolved'");
    assert!(wrong.is_empty(), "{wrong:?}");
    let not_once = home.rows(
        "SELECT rollouts.id, kinds.kind, count(jobs.id) FROM rollouts CROSS JOIN (VALUES ('rollout'), ('grade')) AS kinds (kind)
         LEFT JOIN jobs ON jobs.kind = kinds.kind AND key = 'rollout ' || rollouts.id AND jobs.state = 'done'
         GROUP BY rollouts.id, kinds.kind HAVING count(jobs.id) <> 1",
    );
    assert!(not_once.is_empty(), "{not_once:?}");
    let unfinished = home.rows("SELECT kind, key, state FROM jobs WHERE state <> 'done'");
    assert!(unfinished.is_empty(), "{unfinished:?}");
    let gaps = home.rows(
        "SELECT rollouts.id FROM rollouts LEFT JOIN rollout_steps ON rollout_id = rollouts.id
         GROUP BY rollouts.id HAVING count(*) <> max(index) + 1 OR count(*) <> rollouts.steps",
    );
    assert!(gaps.is_empty(), "{gaps:?}");
}
