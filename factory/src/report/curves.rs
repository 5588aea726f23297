//! Curves: the share of graded attempts that resolve their instance within so many steps, or tokens.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use swemill_store::rollouts::{Rollout, RolloutOutcome, RolloutState};

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 200.0;

/// What graded attempts took, by campaign.
#[derive(Debug, Default)]
pub(super) struct Curves {
    campaigns: BTreeMap<i64, Vec<Attempt>>,
}

#[derive(Clone, Copy, Debug)]
struct Attempt {
    resolved: bool,
    steps: i64,
    tokens: i64,
}

/// A chart for the page.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Chart {
    title: &'static str,
    /// The largest x.
    most: i64,
    lines: Vec<Line>,
}

/// A line of a chart: `path` is SVG's, in a box of 420 by 200.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    campaign: i64,
    resolved: String,
    ended: String,
}

impl Curves {
    pub(super) fn count(&mut self, rollout: &Rollout) {
        if rollout.state != RolloutState::Graded {
            return;
        }
        let totals = &rollout.totals;
        let attempts = self.campaigns.entry(rollout.campaign_id).or_default();
        attempts.push(Attempt {
            resolved: rollout.outcome == Some(RolloutOutcome::Resolved),
            steps: totals.steps,
            tokens: totals.prompt_tokens + totals.completion_tokens,
        });
    }

    pub(super) fn drawn(&self) -> Vec<Chart> {
        vec![
            self.chart("steps", |attempt| attempt.steps),
            self.chart("tokens in and out", |attempt| attempt.tokens),
        ]
    }

    fn chart(&self, title: &'static str, of: fn(&Attempt) -> i64) -> Chart {
        let all = self.campaigns.values().flatten().map(of);
        let most = all.max().unwrap_or(0).max(1);
        let lines = self.campaigns.iter().map(|(campaign, attempts)| {
            let values = |resolved: bool| {
                let counted = attempts.iter().filter(|one| one.resolved || !resolved);
                counted.map(of).collect::<Vec<_>>()
            };
            Line {
                campaign: *campaign,
                resolved: path(values(true), attempts.len(), most),
                ended: path(values(false), attempts.len(), most),
            }
        });
        Chart {
            title,
            most,
            lines: lines.collect(),
        }
    }
}

/// The share of `all` attempts whose value is at most x, as stairs.
#[expect(clippy::cast_precision_loss, reason = "tenths of a pixel are shown")]
fn path(mut values: Vec<i64>, all: usize, most: i64) -> String {
    values.sort_unstable();
    let mut path = format!("M0 {HEIGHT:.1}");
    for (index, value) in values.iter().enumerate() {
        // Values that are the same make one stair.
        if values.get(index + 1) == Some(value) {
            continue;
        }
        let x = WIDTH * *value as f64 / most as f64;
        let y = HEIGHT * (1.0 - (index + 1) as f64 / all as f64);
        let _ = write!(path, "H{x:.1}V{y:.1}");
    }
    let _ = write!(path, "H{WIDTH:.1}");
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_climbs_to_the_share_that_resolves() {
        // Three of four attempts, two of them with the same number of steps.
        assert_eq!(
            path(vec![20, 10, 10], 4, 40),
            "M0 200.0H105.0V100.0H210.0V50.0H420.0"
        );
        assert_eq!(path(Vec::new(), 4, 1), "M0 200.0H420.0");
    }
}
