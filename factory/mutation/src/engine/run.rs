//! What both ways of running share: reading a file, making a candidate of a site, handing it out.

use crate::candidate::Candidate;
use crate::discover::{SourceFile, read};
use crate::dispatch::Dispatch;
use crate::identity::Ids;
use crate::operators;
use crate::patch::render;
use crate::sites::{Parsed, Site};
use crate::summary::{Skipped, Summary};
use crate::verify::{Unfit, Verifier};

use super::Options;

pub(super) struct Run<'o> {
    pub(super) files: Vec<SourceFile>,
    pub(super) options: &'o Options,
    pub(super) dispatch: Dispatch,
}

/// A candidate without its id.
pub(super) struct Made {
    strategy: &'static str,
    path: String,
    entity: String,
    line: usize,
    patch: String,
}

/// What one file gave.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) lines: usize,
    pub(super) sites: usize,
    pub(super) unviable: usize,
    pub(super) equivalent: usize,
}

impl Counts {
    pub(super) fn add_to(&self, summary: &mut Summary) {
        summary.mutated += usize::from(self.sites > 0);
        summary.lines += self.lines;
        summary.sites += self.sites;
        summary.unviable += self.unviable;
        summary.equivalent += self.equivalent;
    }
}

pub(super) struct Output<'r> {
    pub(super) ids: Ids,
    pub(super) seed: u64,
    pub(super) receive: &'r mut (dyn FnMut(Candidate) + Send),
}

impl Output<'_> {
    pub(super) fn hand_out(&mut self, made: Made, summary: &mut Summary) {
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
    pub(super) fn parsed(&self, file: u32) -> Result<Parsed, Skipped> {
        let file = &self.files[file as usize];
        Parsed::parse(file.path.clone(), read(file)?)
    }
}

/// Makes the candidate of a site, if it is fit to be one.
pub(super) fn make(verifier: &mut Verifier, file: &Parsed, site: &Site<'_>) -> Result<Made, Unfit> {
    verifier.check(file, site)?;
    Ok(Made {
        strategy: operators::all()[usize::from(site.operator)].name(),
        path: file.path.clone(),
        entity: file.entities.name(site.entity).to_owned(),
        line: file.lines.line_of(&file.source, site.change.start) + 1,
        patch: render(&file.path, &file.source, &file.lines, &site.edits),
    })
}
