//! A run with limits: the sites of all files are drawn from first, and only those chosen are checked.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::sample::{Key, draw, order};
use crate::sites::enumerate;
use crate::summary::{Skipped, Summary};
use crate::verify::{Unfit, Verifier};

use super::Options;
use super::run::{Counts, Made, Output, Run, make};

impl Run<'_> {
    /// The sites that the seed and the limits choose.
    pub(super) fn sample(&self, summary: &mut Summary, output: &mut Output<'_>) {
        let keys = order(self.keys(summary));
        let mut chosen: Vec<(Key, Made)> = Vec::new();
        let mut shares = Shares::new(self.options);
        let mut rest = &keys[..];
        while !rest.is_empty() && chosen.len() < shares.total {
            // Most sites are fit, so little more than what is missing has to be made.
            let missing = shares.total - chosen.len();
            let (next, later) = rest.split_at(
                rest.len()
                    .min(missing.saturating_add(missing / 4 + 64).min(1 << 16)),
            );
            rest = later;
            for (key, made) in next.iter().zip(self.make_all(next)) {
                match made {
                    Some(Ok(made)) if shares.take(key) => chosen.push((*key, made)),
                    Some(Err(Unfit::Same)) => summary.equivalent += 1,
                    Some(Err(_)) => summary.unviable += 1,
                    _ => {}
                }
            }
        }
        chosen.sort_by_key(|(key, _)| (key.file, key.site));
        for (_, made) in chosen {
            output.hand_out(made, summary);
        }
    }

    fn keys(&self, summary: &mut Summary) -> Vec<Key> {
        let count = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        let results: Vec<_> = (0..count)
            .into_par_iter()
            .map(|file| self.keys_of(file))
            .collect();
        let mut keys = Vec::new();
        for result in results {
            match result {
                Err(reason) => *summary.skipped.entry(reason).or_default() += 1,
                Ok((counts, found)) => {
                    counts.add_to(summary);
                    keys.extend(found);
                }
            }
        }
        keys
    }

    fn keys_of(&self, number: u32) -> Result<(Counts, Vec<Key>), Skipped> {
        let file = self.parsed(number)?;
        let sites = enumerate(&file, &self.dispatch);
        let keys = (0..).zip(&sites).map(|(place, site)| Key {
            draw: draw(self.options.seed, &file.path, site),
            file: number,
            entity: site.entity,
            site: place,
            operator: site.operator,
        });
        let keys = keys.collect();
        Ok((
            Counts {
                lines: file.lines.count(),
                sites: sites.len(),
                ..Counts::default()
            },
            keys,
        ))
    }

    /// Makes the candidates of some sites, file by file; `None` where a file changed since it was read.
    fn make_all(&self, keys: &[Key]) -> Vec<Option<Result<Made, Unfit>>> {
        let mut by_file: HashMap<u32, Vec<usize>> = HashMap::new();
        for (place, key) in keys.iter().enumerate() {
            by_file.entry(key.file).or_default().push(place);
        }
        let made: Vec<_> = by_file
            .into_par_iter()
            .flat_map_iter(|(number, places)| {
                let file = self.parsed(number).ok();
                let sites = file
                    .as_ref()
                    .map(|file| enumerate(file, &self.dispatch))
                    .unwrap_or_default();
                let mut verifier = Verifier::new();
                let made = places.into_iter().filter_map(|place| {
                    let site = sites.get(keys[place].site as usize)?;
                    Some((place, make(&mut verifier, file.as_ref()?, site)))
                });
                made.collect::<Vec<_>>()
            })
            .collect();
        let mut placed: Vec<Option<Result<Made, Unfit>>> = keys.iter().map(|_| None).collect();
        for (place, made) in made {
            placed[place] = Some(made);
        }
        placed
    }
}

/// How many candidates each file and entity may still give.
struct Shares {
    total: usize,
    per_file: usize,
    per_entity: usize,
    files: HashMap<u32, usize>,
    entities: HashMap<(u32, u32), usize>,
    taken: usize,
}

impl Shares {
    fn new(options: &Options) -> Self {
        Self {
            total: options.max_candidates.unwrap_or(usize::MAX),
            per_file: options.per_file.unwrap_or(usize::MAX),
            per_entity: options.per_entity.unwrap_or(usize::MAX),
            files: HashMap::new(),
            entities: HashMap::new(),
            taken: 0,
        }
    }

    fn take(&mut self, key: &Key) -> bool {
        let file = self.files.entry(key.file).or_default();
        let entity = self.entities.entry((key.file, key.entity)).or_default();
        let fits = self.taken < self.total && *file < self.per_file && *entity < self.per_entity;
        if fits {
            *file += 1;
            *entity += 1;
            self.taken += 1;
        }
        fits
    }
}
