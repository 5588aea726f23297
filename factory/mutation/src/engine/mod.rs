//! A run: find files, name sites, choose, check, hand out.

mod choose;
mod run;
mod stream;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use crate::candidate::Candidate;
use crate::discover::discover;
use crate::dispatch::Dispatch;
use crate::identity::{Identity, Ids};
use crate::selection::Selection;
use crate::summary::Summary;
use run::{Output, Run};

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
