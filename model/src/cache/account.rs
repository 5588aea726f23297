//! The KV footprint: how many keys and values were held, summed over time.
//!
//! After Bhaskar et al., "Cache Me If You Can: How Many KVs Do You Need for Effective Long-Context LMs?" (arXiv 2506.17121), section 3:
//! an entry counts at every query from its own on until it is evicted, and the sum is divided by that of full causal attention.

/// What the heads of one sequence have held so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Entries held, summed over heads (of all layers) and queries.
    entry_steps: u64,
    /// The same if nothing were ever evicted.
    full_entry_steps: u64,
    /// Most entries held at the end of a pass, summed over heads.
    peak: u64,
    /// The entries held at the end of the pass that is going on.
    passing: u64,
    /// Heads, of all layers.
    heads: u64,
    /// Positions seen.
    positions: u64,
}

impl Account {
    /// An account of this many heads, all layers together.
    pub fn of_heads(heads: usize) -> Self {
        Self {
            heads: heads as u64,
            ..Self::default()
        }
    }

    /// One head attends with `rows` queries while it holds `past` entries of earlier passes. Nothing is evicted within a pass: its own
    /// entries come one by one.
    pub fn attend(&mut self, past: usize, rows: usize) {
        let (past, rows) = (past as u64, rows as u64);
        self.entry_steps += triangle(rows) + rows * past;
        self.passing += past + rows;
    }

    /// All heads have attended with `rows` queries.
    pub fn finish_pass(&mut self, rows: usize) {
        let rows = rows as u64;
        self.full_entry_steps += self.heads * (triangle(rows) + rows * self.positions);
        self.positions += rows;
        self.peak = self.peak.max(std::mem::take(&mut self.passing));
    }

    /// A pass that failed does not count.
    pub(super) fn abandon_pass(&mut self, before: &Self) {
        self.clone_from(before);
    }

    /// Entries held, summed over heads and queries.
    pub fn entry_steps(&self) -> u64 {
        self.entry_steps
    }

    /// The KV footprint: entries held over time as a share of full attention's.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share does not need more than 53 bits"
    )]
    pub fn footprint(&self) -> f64 {
        self.entry_steps as f64 / self.full_entry_steps as f64
    }

    /// The most entries held at the end of a pass, a head on average, as a share of the positions seen.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share does not need more than 53 bits"
    )]
    pub fn peak(&self) -> f64 {
        self.peak as f64 / (self.heads * self.positions) as f64
    }
}

/// `1 + 2 + .. + rows`.
fn triangle(rows: u64) -> u64 {
    rows * (rows + 1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half of the heads keep the first and the recent positions, the others part of each chunk.
    struct Case {
        prompt: usize,
        output: usize,
        chunk: usize,
        sink: usize,
        recent: usize,
        evicted: f64,
        streaming_share: f64,
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "the numbers are small"
    )]
    fn account(case: &Case) -> Account {
        let heads = 20;
        let streaming = (0..heads)
            .filter(|&head| (head as f64 + 0.5) / 20.0 < case.streaming_share)
            .count();
        let mut account = Account::of_heads(heads);
        let mut pass = |start: usize, rows: usize, kept: usize| {
            let recent = start.min(case.recent);
            let sink = (start - recent).min(case.sink);
            (0..streaming).for_each(|_| account.attend(recent + sink, rows));
            (streaming..heads).for_each(|_| account.attend(kept, rows));
            account.finish_pass(rows);
        };
        let (mut start, mut kept) = (0, 0);
        while start < case.prompt {
            let rows = case.chunk.min(case.prompt - start);
            pass(start, rows, kept);
            let share = ((1.0 - case.evicted) * rows as f64).round() as usize;
            kept += (share + 64).min(rows);
            start += rows;
        }
        (0..case.output).for_each(|step| pass(case.prompt + step, 1, kept + step));
        account
    }

    /// Values of the paper's own `eval/viz/kv_footprint.py` (princeton-pli/PruLong), run once.
    #[test]
    fn footprints_and_peaks_are_those_of_the_published_script() {
        let golden = [
            ((24, 8, 8, 2, 4, 0.0, 1.0), 0.492_424, Some(0.4375)),
            ((24, 8, 8, 2, 4, 0.0, 0.5), 0.746_212, Some(0.609_375)),
            ((512, 64, 128, 0, 0, 0.75, 0.0), 0.802_811, Some(0.777_778)),
            (
                (100_000, 100, 32_768, 128, 1024, 0.0, 0.7),
                0.536_079,
                Some(0.531_820),
            ),
            ((100_000, 100, 8192, 128, 1024, 0.0, 0.7), 0.371_259, None),
            (
                (100_000, 100, 131_072, 128, 1024, 0.0, 0.7),
                0.998_618,
                None,
            ),
            ((100_000, 100, 32_768, 0, 0, 0.7, 0.0), 0.526_559, None),
            ((100_000, 100, 8192, 0, 0, 0.7, 0.0), 0.363_695, None),
        ];
        for ((prompt, output, chunk, sink, recent, evicted, streaming_share), footprint, peak) in
            golden
        {
            let account = account(&Case {
                prompt,
                output,
                chunk,
                sink,
                recent,
                evicted,
                streaming_share,
            });
            let context = format!("{prompt} {chunk} {streaming_share} {evicted}");
            assert!(
                (account.footprint() - footprint).abs() < 1e-6,
                "{context}: {}",
                account.footprint()
            );
            if let Some(peak) = peak {
                assert!(
                    (account.peak() - peak).abs() < 1e-6,
                    "{context}: {}",
                    account.peak()
                );
            }
        }
        assert_eq!(
            account(&Case {
                prompt: 24,
                output: 8,
                chunk: 8,
                sink: 2,
                recent: 4,
                evicted: 0.0,
                streaming_share: 1.0
            })
            .entry_steps(),
            260 * 20
        );
    }
}
