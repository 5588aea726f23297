//! A run: find files, name sites, choose, check, hand out.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::candidate::Candidate;
use crate::discover::{SourceFile, discover, read};
use crate::dispatch::Dispatch;
use crate::identity::{Identity, Ids};
use crate::operators;
use crate::patch::render;
use crate::sample::{Key, draw, order};
use crate::selection::Selection;
use crate::sites::{Parsed, Site, enumerate};
use crate::summary::{Skipped, Summary};
use crate::verify::{Unfit, Verifier};

/// What a run is to do.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Decides which sites are chosen where there are more than are wanted.
    pub seed: u64,
    /// Which ways of breaking code to use.
    pub strategies: Selection,
    /// At most so many candidates; all without it.
    pub max_candidates: Option<usize>,
    /// At most so many candidates of one file.
    pub per_file: Option<usize>,
    /// At most so many candidates of one function, method, class or module level.
    pub per_entity: Option<usize>,
    /// Threads to work with; one for each processor without it. The results do not depend on it.
    pub threads: Option<NonZeroUsize>,
    /// What ids begin with; without it the folder's name and a digest of its content.
    pub identity: Option<Identity>,
}

/// A run that could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MutateError {
    /// The folder cannot be listed.
    #[error("could not list the folder {root}: {source}; give a folder that holds Python files")]
    Folder {
        /// The folder.
        root: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// No threads.
    #[error("could not start worker threads: {0}; try fewer with --threads")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// Names candidates for every file of the package in `root` and hands them to `receive`, in order of file
/// and place.
///
/// Without a limit in the options every site becomes a candidate, and they are handed out as files are
/// worked through; with one, [`crate::sample`] says which are chosen.
pub fn mutate(
    root: &Path,
    options: &Options,
    receive: &mut (dyn FnMut(Candidate) + Send),
) -> Result<Summary, MutateError> {
    let mut summary = Summary::default();
    let files = discover(root, &mut summary).map_err(|source| MutateError::Folder {
        root: root.to_owned(),
        source,
    })?;
    let identity = options
        .identity
        .clone()
        .unwrap_or_else(|| Identity::of_folder(root, &files));
    let threads = options.threads.map_or(0, NonZeroUsize::get);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()?;
    let run = Run {
        files,
        options,
        dispatch: Dispatch::new(&options.strategies.places()),
    };
    let mut output = Output {
        ids: Ids::new(&identity),
        seed: options.seed,
        receive,
    };
    pool.install(|| {
        let limits = [options.max_candidates, options.per_file, options.per_entity];
        if limits.iter().any(Option::is_some) {
            run.sample(&mut summary, &mut output);
        } else {
            run.stream(&mut summary, &mut output);
        }
    });
    Ok(summary)
}

/// Files are worked on together until they have so many bytes: that bounds the patches held at once.
const BATCH_BYTES: u64 = 512 * 1024;
/// Sites are checked in tasks of this many, so that one large file keeps all threads busy.
const SITES_A_TASK: usize = 64;

struct Run<'o> {
    files: Vec<SourceFile>,
    options: &'o Options,
    dispatch: Dispatch,
}

/// A candidate without its id.
struct Made {
    strategy: &'static str,
    path: String,
    entity: String,
    line: usize,
    patch: String,
}

/// What one file gave.
#[derive(Default)]
struct Counts {
    lines: usize,
    sites: usize,
    unviable: usize,
    equivalent: usize,
}

impl Counts {
    fn add_to(&self, summary: &mut Summary) {
        summary.mutated += usize::from(self.sites > 0);
        summary.lines += self.lines;
        summary.sites += self.sites;
        summary.unviable += self.unviable;
        summary.equivalent += self.equivalent;
    }
}

struct Output<'r> {
    ids: Ids,
    seed: u64,
    receive: &'r mut (dyn FnMut(Candidate) + Send),
}

impl Output<'_> {
    fn hand_out(&mut self, made: Made, summary: &mut Summary) {
        summary.candidates += 1;
        (self.receive)(Candidate {
            id: self.ids.of(made.strategy, &made.patch),
            strategy: made.strategy.to_owned(),
            file: made.path,
            entity: made.entity,
            line: made.line,
            patch: made.patch,
            seed: self.seed,
        });
    }
}

impl Run<'_> {
    fn parsed(&self, file: u32) -> Result<Parsed, Skipped> {
        let file = &self.files[file as usize];
        Parsed::parse(file.path.clone(), read(file)?)
    }

    /// Every candidate of every file, a batch of files at a time.
    fn stream(&self, summary: &mut Summary, output: &mut Output<'_>) {
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
                        made.into_iter()
                            .for_each(|made| output.hand_out(made, summary));
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

    /// The sites that the seed and the limits choose.
    fn sample(&self, summary: &mut Summary, output: &mut Output<'_>) {
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

fn make(verifier: &mut Verifier, file: &Parsed, site: &Site<'_>) -> Result<Made, Unfit> {
    verifier.check(file, site)?;
    Ok(Made {
        strategy: operators::all()[usize::from(site.operator)].name(),
        path: file.path.clone(),
        entity: file.entities.name(site.entity).to_owned(),
        line: file.lines.line_of(&file.source, site.change.start) + 1,
        patch: render(&file.path, &file.source, &file.lines, &site.edits),
    })
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
