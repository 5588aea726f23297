//! `swemill research envelope draw`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::json;
use swemill_research::draw::{page, to_png};
use swemill_research::envelope::drawing::{
    EnvelopePicture, Strip, diagram, draw_envelope, draw_slice, draw_strip, draw_surface,
};
use swemill_research::envelope::family::Family;
use swemill_research::envelope::parameters::{Multiplier, Number};
use swemill_research::envelope::singularity::Region;
use swemill_research::envelope::slice::{SliceRequest, slice};

use super::arguments::{FamilyArguments, place, range};
use crate::cli::output::Output;
use crate::cli::progress::Progress;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    kind: Kind,
}

/// Where a picture goes.
#[derive(Debug, Args)]
struct Target {
    /// The file; its ending says the format: .svg, .png or .html
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// Points of a PNG for each unit of the picture
    #[arg(long, value_name = "X", default_value_t = 2.0)]
    scale: f32,
}

#[derive(Debug, Subcommand)]
enum Kind {
    /// One envelope: chords, circles, the curve with its asymptotes, cusps and crossings
    Envelope {
        #[command(flatten)]
        family: FamilyArguments,
        #[command(flatten)]
        target: Target,
        /// How many chords
        #[arg(long, value_name = "N", default_value_t = 240)]
        chords: u16,
        /// Half the side of the window (default: what holds circles, cusps and crossings)
        #[arg(long, value_name = "NUMBER")]
        half: Option<Number>,
    },
    /// A row of envelopes through a transition, each with an inset
    Strip {
        /// Multiplier m = p/q
        #[arg(short, long, value_name = "P/Q", allow_hyphen_values = true)]
        m: Multiplier,
        /// Centre and radius of one picture; repeat it for the others (at most 8)
        #[arg(
            long = "at",
            value_name = "A,B,R",
            required = true,
            allow_hyphen_values = true
        )]
        places: Vec<String>,
        /// Where the insets look
        #[arg(long, value_name = "X,Y", allow_hyphen_values = true)]
        focus: String,
        /// Half the side of the insets' window
        #[arg(long, value_name = "NUMBER", default_value = "0.05")]
        inset: Number,
        #[command(flatten)]
        target: Target,
    },
    /// The plane of centres for one radius: regions by number of cusps, and the walls between them
    Slice {
        /// Multiplier m = p/q
        #[arg(short, long, value_name = "P/Q", allow_hyphen_values = true)]
        m: Multiplier,
        /// Radius of the second circle
        #[arg(short, long, value_name = "NUMBER")]
        r: Number,
        /// Range of a and of b
        #[arg(
            long,
            value_name = "LOW:HIGH",
            default_value = "-2:2",
            allow_hyphen_values = true
        )]
        window: String,
        /// Cells along each side
        #[arg(long, value_name = "N", default_value_t = 300)]
        size: u16,
        #[command(flatten)]
        target: Target,
    },
    /// Concentric circles: where cusps and points at infinity lie, by radius
    Diagram {
        /// Multiplier m = p/q
        #[arg(short, long, value_name = "P/Q", allow_hyphen_values = true)]
        m: Multiplier,
        #[command(flatten)]
        target: Target,
    },
    /// The ruled surface of swallowtails in the space of (a, b, r), with its edges of butterflies
    Surface {
        /// Multiplier m = p/q
        #[arg(short, long, value_name = "P/Q", allow_hyphen_values = true)]
        m: Multiplier,
        /// Range of a and of b
        #[arg(
            long,
            value_name = "LOW:HIGH",
            default_value = "-2:2",
            allow_hyphen_values = true
        )]
        window: String,
        /// Range of the radius
        #[arg(
            long,
            value_name = "LOW:HIGH",
            default_value = "0:1.5",
            allow_hyphen_values = true
        )]
        radii: String,
        #[command(flatten)]
        target: Target,
    },
}

pub(super) fn run(arguments: Arguments, output: &Output) -> anyhow::Result<ExitCode> {
    let (title, svg, target) = picture(arguments.kind, output)?;
    write(&target, &title, svg)?;
    if output.is_json() {
        output.document(&json!({ "title": title, "out": target.out }))?;
    } else {
        output.line(format_args!("{} ({title})", target.out.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Title, SVG and target of what was asked.
fn picture(kind: Kind, output: &Output) -> anyhow::Result<(String, String, Target)> {
    Ok(match kind {
        Kind::Envelope {
            family,
            target,
            chords,
            half,
        } => {
            let half = half.map(|half| half.to_f64());
            anyhow::ensure!(half.is_none_or(|half| half > 0.0), "--half must be above 0");
            let picture = EnvelopePicture {
                chords: u32::from(chords),
                asymptotes: true,
                half,
            };
            let parameters = family.parameters()?;
            if let Some(reason) = swemill_research::envelope::degenerate::degenerate(&parameters) {
                anyhow::bail!("this family has no envelope to draw: {reason}");
            }
            let svg = draw_envelope(parameters.family(), &family.title(), picture);
            (family.title(), svg, target)
        }
        Kind::Strip {
            m,
            places,
            focus,
            inset,
            target,
        } => {
            let strip = strip(m, &places, &focus, &inset)?;
            let title = format!("m = {m}, through a transition");
            (title.clone(), draw_strip(&strip, &title), target)
        }
        Kind::Slice {
            m,
            r,
            window,
            size,
            target,
        } => {
            let window = range(&window)?;
            let side = usize::from(size.max(1));
            let request = SliceRequest {
                multiplier: m,
                r: r.to_f64(),
                a: window,
                b: window,
                size: [side, side],
            };
            let progress = Progress::new(output);
            let bar = progress.bar("rows", u64::from(size.max(1)));
            let found = slice(request, &|| bar.inc(1));
            progress.finish();
            let title = format!("m = {m}, radius {r}");
            (title.clone(), draw_slice(&found?, &title), target)
        }
        Kind::Diagram { m, target } => {
            anyhow::ensure!(
                m.p() != 0 && m.difference() != 0,
                "for m = 0 and m = 1 all lines pass through one point: there is nothing to draw"
            );
            let title = format!("m = {m}, concentric circles");
            (title.clone(), diagram(m, &title), target)
        }
        Kind::Surface {
            m,
            window,
            radii,
            target,
        } => {
            let window = range(&window)?;
            let region = Region {
                a: window,
                b: window,
                r: range(&radii)?,
            };
            let title = format!("m = {m}: all swallowtails");
            (title.clone(), draw_surface(m, region, &title), target)
        }
    })
}

fn strip(m: Multiplier, places: &[String], focus: &str, inset: &Number) -> anyhow::Result<Strip> {
    anyhow::ensure!(
        places.len() <= 8,
        "{} pictures in a strip; at most 8 fit",
        places.len()
    );
    anyhow::ensure!(
        m.p() != 0 && m.difference() != 0,
        "for m = 0 and m = 1 all lines of two circles pass through one point"
    );
    let families = places.iter().map(|text| {
        let [a, b, r] = place(text)?;
        anyhow::ensure!(
            r > 0.0,
            "the radius in {text} is 0: all lines pass through one point"
        );
        Ok((
            Family::new(m, a, b, r),
            format!("(a, b, r) = ({a:.4}, {b:.4}, {r:.4})"),
        ))
    });
    let families = families.collect::<anyhow::Result<Vec<_>>>()?;
    let [x, y, _] = place(&format!("{focus},0"))?;
    let inset = inset.to_f64();
    anyhow::ensure!(inset > 0.0, "--inset must be above 0");
    Ok(Strip {
        families,
        focus: [x, y],
        inset,
        chords: 90,
    })
}

/// Writes a picture in the format that the file's name asks for.
fn write(target: &Target, title: &str, svg: String) -> anyhow::Result<()> {
    let ending = target
        .out
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default();
    let bytes = match ending {
        "svg" => svg.into_bytes(),
        "png" => to_png(&svg, target.scale)?,
        "html" => page(title, &[(title.to_owned(), svg)]).into_bytes(),
        _ => anyhow::bail!(
            "cannot tell the format of {}; name a file that ends in .svg, .png or .html",
            target.out.display()
        ),
    };
    std::fs::write(&target.out, bytes).with_context(|| cannot_write(&target.out))
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}
