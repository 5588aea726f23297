//! How long a failed job waits.

use std::time::Duration;

use sha2::{Digest, Sha256};

const FIRST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_mins(10);

/// The wait after the attempt of this number (from 1): it doubles from two seconds to ten minutes, and is then
/// made up to a quarter shorter or longer so that jobs that failed together do not come back together. The part
/// that varies is a function of the job and the attempt, so a run can be repeated.
pub fn backoff(job: i64, attempt: i32) -> Duration {
    let doublings = attempt.clamp(1, 30).unsigned_abs() - 1;
    let wait = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    let mut hash = Sha256::new();
    hash.update(job.to_be_bytes());
    hash.update(attempt.to_be_bytes());
    let draw = hash.finalize()[0];
    wait.mul_f64(0.75 + 0.5 * f64::from(draw) / 255.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_ten_minutes_within_a_quarter() {
        for job in 0..50 {
            for (attempt, expected) in [
                (1, 2.0),
                (2, 4.0),
                (5, 32.0),
                (9, 512.0),
                (10, 600.0),
                (1000, 600.0),
            ] {
                let wait = backoff(job, attempt).as_secs_f64();
                assert!(
                    (expected * 0.75..=expected * 1.25).contains(&wait),
                    "job {job} attempt {attempt}: {wait}"
                );
            }
        }
    }

    #[test]
    fn the_same_attempt_waits_the_same_time_and_other_jobs_wait_differently() {
        assert_eq!(backoff(7, 3), backoff(7, 3));
        let waits: std::collections::BTreeSet<_> = (0..20).map(|job| backoff(job, 3)).collect();
        assert!(waits.len() > 10, "only {} different waits", waits.len());
    }

    #[test]
    fn senseless_attempts_still_have_a_wait() {
        assert!(backoff(1, 0) > Duration::ZERO);
        assert!(backoff(1, i32::MIN) > Duration::ZERO);
    }
}
