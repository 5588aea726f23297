//! Bands, with a bar while they are made.

use anyhow::Result;
use clap::Args;
use swemill_research::ladder::{LadderFit, Resampling, TaskSamples, bootstrap};

use crate::cli::output::Output;
use crate::cli::progress::Progress;

#[derive(Debug, Args)]
pub(super) struct BandArguments {
    /// Samples of the bootstrap for each task; 0 for no bands
    #[arg(long, value_name = "N", default_value_t = 1000, help_heading = "Bands")]
    samples: usize,
    /// The share of samples within a band
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.9,
        help_heading = "Bands"
    )]
    level: f64,
}

impl BandArguments {
    /// Resamples every task, unless no samples are wanted.
    pub(super) fn resample(
        &self,
        fits: &LadderFit,
        output: &Output,
    ) -> Result<Option<Vec<TaskSamples>>> {
        if self.samples == 0 {
            return Ok(None);
        }
        let progress = Progress::new(output);
        let total = self.samples.saturating_mul(fits.tasks.len());
        let bar = progress.bar("resampling", u64::try_from(total).unwrap_or(u64::MAX));
        let resampling = Resampling {
            samples: self.samples,
            level: self.level,
        };
        let samples = bootstrap(fits, resampling, &|| bar.inc(1));
        progress.finish();
        let samples = samples?;
        for (fit, samples) in fits.tasks.iter().zip(&samples) {
            if samples.failed > 0 {
                let (task, failed) = (&fit.points.task, samples.failed);
                output.note(format_args!(
                    "{task}: {failed} samples could not be fitted and are not in the bands"
                ));
            }
        }
        Ok(Some(samples))
    }
}
