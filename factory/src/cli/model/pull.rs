//! `swemill model pull`.

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Mutex;

use clap::Args;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use swemill_model::store::{Pull, Reference, Settings, Store};

use super::{size, with_note};
use crate::cli::output::Output;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// A name of the catalogue (`swemill model list`), OWNER/NAME[@REVISION][:FILE] of a hub, a folder, or a GGUF file
    #[arg(value_name = "MODEL")]
    model: String,
    /// Keep it under another name
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
    /// Fetch it again and replace what is there
    #[arg(long)]
    force: bool,
}

/// Pulls, and says what came.
pub(super) async fn run(
    arguments: &Arguments,
    store: &Store,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let settings = Settings::from_environment()?;
    let reference = Reference::parse(&arguments.model)?;
    // Before anything is fetched: some terms bind whoever uses the model.
    if let Reference::Catalogue(entry) = &reference {
        let licence = with_note(entry.licence, entry.licence_note);
        output.note(format!("{} is under: {licence}", entry.name));
    }
    let bars = Bars::new(output.draws());
    let pull = Pull {
        reference,
        name: arguments.name.clone(),
        force: arguments.force,
        settings: &settings,
        progress: &|file, done, total| bars.show(file, done, total),
    };
    let pulled = store.pull(pull).await;
    bars.clear();
    let installed = pulled?;
    if output.is_json() {
        output.document(&installed.manifest)?;
        return Ok(ExitCode::SUCCESS);
    }
    let manifest = &installed.manifest;
    output.line(format!(
        "{} is in the store: {}",
        output.bold(&manifest.name),
        size(manifest.bytes())
    ));
    output.line(format!("  from     {}", manifest.origin));
    output.line(format!(
        "  licence  {}",
        manifest
            .licence
            .as_deref()
            .unwrap_or("none stated; see the model's page")
    ));
    if let Some(note) = &manifest.licence_note {
        output.line(format!("           {note}"));
    }
    output.line(format!("  folder   {}", installed.folder.display()));
    Ok(ExitCode::SUCCESS)
}

/// A bar a file.
struct Bars {
    draws: bool,
    all: MultiProgress,
    by_file: Mutex<HashMap<String, ProgressBar>>,
}

impl Bars {
    fn new(draws: bool) -> Self {
        Self {
            draws,
            all: MultiProgress::new(),
            by_file: Mutex::default(),
        }
    }

    fn show(&self, file: &str, done: u64, total: Option<u64>) {
        if !self.draws {
            return;
        }
        // A panic while drawing must not take the pull down with it.
        let mut by_file = self
            .by_file
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let bar = by_file.entry(file.to_owned()).or_insert_with(|| {
            let style = ProgressStyle::with_template(
                "{prefix} {bar:30} {bytes}/{total_bytes}  {bytes_per_sec}, {eta} left",
            )
            .expect("the template is constant");
            self.all.add(
                ProgressBar::new(total.unwrap_or(0))
                    .with_style(style)
                    .with_prefix(file.to_owned()),
            )
        });
        bar.set_position(done);
        if total == Some(done) {
            bar.finish_and_clear();
        }
    }

    fn clear(&self) {
        let _ = self.all.clear();
    }
}
