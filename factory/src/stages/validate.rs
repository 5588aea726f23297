//! From a candidate to its outcome; an accepted one becomes an instance with its problem statement.

use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;
use swemill_store::candidates::{self, Candidate, CandidateOutcome};
use swemill_store::instances::{self, NewInstance};
use swemill_store::{Failure, sources};

use super::{Done, OfCandidate};
use crate::events::Event;
use crate::failure::StageError;
use crate::machine::{Loaded, Machine};
use crate::statement::{Evidence, Failure as FailingTest, Statement, Styles, Writer as _};
use crate::validation::{Accepted, Decision, Judge, Rules, Verdict};

/// How many failing tests a statement may draw on.
const TOLD: usize = 20;

/// A decided candidate.
#[derive(Debug)]
pub struct Decided {
    candidate_id: String,
    outcome: CandidateOutcome,
    failure: Option<Failure>,
    evidence: serde_json::Value,
    instance: Option<NewInstance>,
    suite: usize,
}

pub(super) async fn run(machine: &Machine, of: &OfCandidate) -> Result<Done, StageError> {
    let candidate = machine.candidate(&of.candidate_id).await?;
    let loaded = machine.environment(candidate.environment_id).await?;
    let judge = Judge {
        backend: machine.backend(),
        environment: &loaded,
        environment_id: candidate.environment_id,
        warm: machine.warm(),
        limits: &machine.settings.test_limits(),
        rules: Rules {
            confirmations: of.confirmations,
            max_broken_share: of.max_broken_share,
        },
    };
    let Decision { verdict, evidence } = judge.decide(&candidate.patch).await?;
    let mut decided = Decided {
        candidate_id: of.candidate_id.clone(),
        outcome: CandidateOutcome::Survived,
        failure: None,
        evidence,
        instance: None,
        suite: loaded.baseline.tests.len(),
    };
    match verdict {
        Verdict::Survived => {}
        Verdict::Refused {
            outcome,
            class,
            reason,
        } => {
            decided.outcome = outcome;
            decided.failure = Some(Failure::new(class, reason));
        }
        Verdict::Accepted(accepted) => {
            let statement = statement(&loaded, &candidate, &accepted);
            decided.outcome = CandidateOutcome::Accepted;
            decided.instance = Some(NewInstance {
                fail_to_pass: loaded.ordinals(&accepted.fail_to_pass)?,
                pass_to_pass: loaded.ordinals(&accepted.pass_to_pass)?,
                problem_statement: statement.text,
                statement_style: statement.style.to_owned(),
                confirmations: u32::try_from(accepted.confirmations).unwrap_or(u32::MAX),
                provenance: serde_json::json!({
                    "swemill_version": env!("CARGO_PKG_VERSION"),
                    "python_version": loaded.baseline.python,
                    "pytest_version": loaded.baseline.pytest,
                    "seed": candidate.seed,
                    "baseline_runs": loaded.baseline.runs,
                    "backend": machine.backend().name(),
                }),
            });
        }
    }
    Ok(Done::Decided(Box::new(decided)))
}

/// Writes the statement from the first failing tests.
fn statement(loaded: &Loaded, candidate: &Candidate, accepted: &Accepted) -> Statement {
    let failure = |node_id: &String| {
        let record = accepted.broken.tests.get(node_id);
        let message = record
            .and_then(|record| record.crash.as_ref())
            .map(|crash| crash.message.clone())
            .or_else(|| {
                Some(last_line(
                    &accepted.broken.collection_error_of(node_id)?.text,
                ))
            })
            .unwrap_or_default();
        FailingTest {
            node_id: node_id.clone(),
            message: without_addresses(&message),
            source: loaded.snippets.of_test(node_id),
        }
    };
    let digest = Sha256::digest(format!("{} {}", candidate.seed, candidate.id).as_bytes());
    let evidence = Evidence {
        project: loaded.name.clone(),
        failures: accepted
            .fail_to_pass
            .iter()
            .take(TOLD)
            .map(failure)
            .collect(),
        failing: accepted.fail_to_pass.len(),
        patch: candidate.patch.clone(),
        seed: u64::from_be_bytes(digest[..8].try_into().expect("a digest has 32 bytes")),
    };
    Styles.write(&evidence)
}

/// The line of a traceback that names the exception.
fn last_line(text: &str) -> String {
    let mut lines = text
        .lines()
        .rev()
        .map(|line| line.trim_start_matches("E ").trim());
    lines
        .find(|line| !line.is_empty())
        .unwrap_or_default()
        .to_owned()
}

/// Addresses differ from run to run; a statement must not.
fn without_addresses(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("0x") {
        let digits = rest[at + 2..]
            .chars()
            .take_while(char::is_ascii_hexdigit)
            .count();
        kept.push_str(&rest[..at + 2]);
        if digits >= 6 {
            kept.push('…');
        } else {
            kept.push_str(&rest[at + 2..at + 2 + digits]);
        }
        rest = &rest[at + 2 + digits..];
    }
    kept + rest
}

impl Decided {
    pub(super) async fn commit(&self, transaction: &mut PgConnection) -> swemill_store::Result<()> {
        if let Some(instance) = &self.instance {
            let evidence = Some(self.evidence.clone());
            instances::accept(transaction, &self.candidate_id, instance, evidence).await?;
        } else {
            let verdict = candidates::Verdict {
                outcome: self.outcome,
                failure: self.failure.clone(),
                evidence: Some(self.evidence.clone()),
            };
            candidates::decide(transaction, &self.candidate_id, &verdict).await?;
        }
        finish_sources(transaction, &self.candidate_id).await
    }

    pub(super) fn event(&self) -> Event {
        Event::Decided {
            outcome: self.outcome.as_str(),
            ran: self.evidence["tests"].as_u64().unwrap_or_default(),
            suite: self.suite as u64,
        }
    }
}

/// Ends the sources whose last open candidate this was.
pub(super) async fn finish_sources(
    transaction: &mut PgConnection,
    candidate_id: &str,
) -> swemill_store::Result<()> {
    let asked = candidates::sources(&mut *transaction, candidate_id).await?;
    sources::finish_decided(transaction, &asked).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_left_out_of_messages_and_short_numbers_are_kept() {
        let text = "<A object at 0x7f3a2b1c9d00> is not 0x1f in 0xdeadbeef";
        assert_eq!(
            without_addresses(text),
            "<A object at 0x…> is not 0x1f in 0x…"
        );
    }

    #[test]
    fn the_exception_is_the_last_line_of_a_traceback() {
        assert_eq!(
            last_line("t.py:1: in <module>\nE   ImportError: no x\n\n"),
            "ImportError: no x"
        );
    }
}
