//! Counts and times the candidates of folders: `cargo run -p swemill-mutation --release --example count -- FOLDER...`.
//!
//! `--threads N`, `--max-candidates N` and `--seed N` are as in `swemill mutate`; `--json` writes the
//! candidates to standard output, one a line.

use std::error::Error;
use std::fs::read_to_string;
use std::io::Write as _;
use std::path::PathBuf;

use swemill_mutation::{Options, mutate};

fn main() -> Result<(), Box<dyn Error>> {
    let (mut options, mut folders, mut json) = (Options::default(), Vec::new(), false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or_else(|| format!("{argument} needs a value"))
        };
        match argument.as_str() {
            "--threads" => options.threads = Some(value()?.parse()?),
            "--max-candidates" => options.max_candidates = Some(value()?.parse()?),
            "--seed" => options.seed = value()?.parse()?,
            "--strategies" => options.strategies = value()?.parse()?,
            "--json" => json = true,
            folder => folders.push(PathBuf::from(folder)),
        }
    }
    let mut output = std::io::BufWriter::new(std::io::stdout());
    let mut errors = std::io::stderr();
    for folder in folders {
        let before = cpu_seconds();
        let mut bytes = 0;
        let summary = mutate(&folder, &options, &mut |candidate| {
            bytes += candidate.patch.len();
            if json {
                let line = serde_json::to_string(&candidate).unwrap_or_default();
                // A reader that went away is no error of a count.
                let _ = writeln!(output, "{line}");
            }
        })?;
        let seconds = cpu_seconds() - before;
        #[expect(clippy::cast_precision_loss, reason = "a rate needs few digits")]
        let rate = summary.candidates as f64 / seconds.max(0.01);
        writeln!(errors, "{}: {summary:?}", folder.display())?;
        writeln!(
            errors,
            "  {seconds:.2} CPU s, {rate:.0} candidates a CPU second, {bytes} bytes, peak {} kB",
            peak_kilobytes()
        )?;
    }
    Ok(())
}

/// User and system time of this process, as Linux counts it: in hundredths of a second.
fn cpu_seconds() -> f64 {
    let stat = read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or("")
        .split_whitespace()
        .collect();
    let ticks = |place: usize| {
        fields
            .get(place)
            .and_then(|field| field.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    (ticks(11) + ticks(12)) / 100.0
}

fn peak_kilobytes() -> String {
    let status = read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.unwrap_or("?")
        .trim()
        .trim_end_matches(" kB")
        .to_owned()
}
