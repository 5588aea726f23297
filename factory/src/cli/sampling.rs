//! Which candidates are wanted: flags shared by every verb that makes some.

use std::num::NonZeroUsize;

use clap::Args;
use swemill_mutation::{Options, Selection};

/// How candidates are sampled.
#[derive(Clone, Debug, Args)]
pub(super) struct SamplingArguments {
    /// Strategies by name, family or prefix*, comma-separated; -NAME leaves one out
    #[arg(
        long,
        value_name = "LIST",
        default_value = "all",
        allow_hyphen_values = true
    )]
    pub(super) strategies: String,
    /// The most candidates of a source
    #[arg(long, value_name = "N")]
    pub(super) max_candidates: Option<u32>,
    /// The most candidates of one file
    #[arg(long, value_name = "N")]
    pub(super) per_file: Option<u32>,
    /// The most candidates of one function, method or class
    #[arg(long, value_name = "N")]
    pub(super) per_entity: Option<u32>,
    /// Decides which candidates are sampled
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(super) seed: u32,
}

impl SamplingArguments {
    /// The strategies that the words name.
    pub(super) fn selection(&self) -> anyhow::Result<Selection> {
        Ok(self.strategies.parse()?)
    }

    /// The mutation engine's options for a folder.
    pub(super) fn options(&self, threads: Option<NonZeroUsize>) -> anyhow::Result<Options> {
        let count = |limit: Option<u32>| limit.map(|limit| limit as usize);
        Ok(Options {
            seed: u64::from(self.seed),
            strategies: self.selection()?,
            max_candidates: count(self.max_candidates),
            per_file: count(self.per_file),
            per_entity: count(self.per_entity),
            threads,
            identity: None,
        })
    }
}
