//! `swemill research envelope`.

mod arguments;
mod atlas;
mod classify;
mod count;
mod draw;
mod slice;
mod walls;

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::output::Output;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Count cusps, points at infinity, crossings, bitangents, contacts, degree and class
    Count(count::Arguments),
    /// Draw envelopes, transitions, slices, diagrams and the surface of swallowtails
    Draw(draw::Arguments),
    /// Say of every singular point whether it is a cusp, a swallowtail or a butterfly, and what unfolds it
    Classify(classify::Arguments),
    /// Find where counts change along a straight path of parameters, and what happens there
    Walls(walls::Arguments),
    /// Count over the plane of centres for one radius, with the curves that bound the regions
    Slice(slice::Arguments),
    /// List all butterflies and swallowtails in a box of parameters
    Atlas(atlas::Arguments),
}

/// Runs one verb.
pub(super) fn run(verb: Verb, output: &Output) -> anyhow::Result<ExitCode> {
    match verb {
        Verb::Count(arguments) => count::run(&arguments, output),
        Verb::Draw(arguments) => draw::run(arguments, output),
        Verb::Classify(arguments) => classify::run(&arguments, output),
        Verb::Walls(arguments) => walls::run(&arguments, output),
        Verb::Slice(arguments) => slice::run(&arguments, output),
        Verb::Atlas(arguments) => atlas::run(&arguments, output),
    }
}
