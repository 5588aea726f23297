//! A run without limits: every site becomes a candidate, and files are worked through in batches.

use rayon::prelude::*;

use crate::sites::enumerate;
use crate::summary::{Skipped, Summary};
use crate::verify::{Unfit, Verifier};

use super::run::{Counts, Made, Output, Run, make};

/// Files are worked on together until they have so many bytes: that bounds the patches held at once.
const BATCH_BYTES: u64 = 512 * 1024;
/// Sites are checked in tasks of this many, so that one large file keeps all threads busy.
const SITES_A_TASK: usize = 64;

impl Run<'_> {
    /// Every candidate of every file, a batch of files at a time.
    pub(super) fn stream(&self, summary: &mut Summary, output: &mut Output<'_>) {
        for batch in self.batches() {
            let results: Vec<_> = batch
                .into_par_iter()
                .map(|file| self.all_of(file))
                .collect();
            for result in results {
                match result {
                    Err(reason) => *summary.skipped.entry(reason).or_default() += 1,
                    Ok((counts, made)) => {
                        counts.add_to(summary);
                        for made in made {
                            output.hand_out(made, summary);
                        }
                    }
                }
            }
        }
    }

    fn batches(&self) -> Vec<Vec<u32>> {
        let mut batches: Vec<Vec<u32>> = Vec::new();
        let mut bytes = BATCH_BYTES;
        for (number, file) in (0..).zip(&self.files) {
            if bytes >= BATCH_BYTES {
                batches.push(Vec::new());
                bytes = 0;
            }
            bytes += file.bytes;
            batches
                .last_mut()
                .expect("the first file begins a batch")
                .push(number);
        }
        batches
    }

    fn all_of(&self, number: u32) -> Result<(Counts, Vec<Made>), Skipped> {
        let file = self.parsed(number)?;
        let sites = enumerate(&file, &self.dispatch);
        let mut counts = Counts {
            lines: file.lines.count(),
            sites: sites.len(),
            ..Counts::default()
        };
        let made: Vec<Result<Made, Unfit>> = sites
            .par_chunks(SITES_A_TASK)
            .map_init(Verifier::new, |verifier, sites| {
                sites
                    .iter()
                    .map(|site| make(verifier, &file, site))
                    .collect::<Vec<_>>()
            })
            .flatten()
            .collect();
        let made = made.into_iter().filter_map(|made| match made {
            Ok(made) => Some(made),
            Err(unfit) => {
                match unfit {
                    Unfit::Same => counts.equivalent += 1,
                    Unfit::Syntax | Unfit::Compile(_) => counts.unviable += 1,
                }
                None
            }
        });
        let made = made.collect();
        Ok((counts, made))
    }
}
