//! `swemill rollouts export`: trajectories in the formats that others read.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use futures_util::TryStreamExt as _;
use serde::Serialize;
use serde_json::json;
use swemill_agent::Trajectory;
use swemill_agent::export::predictions::Prediction;
use swemill_agent::export::swe_smith::Style;
use swemill_agent::export::{atif, mini, swe_agent, swe_smith};
use swemill_store::rollouts::Rollout;

use super::FilterArguments;
use crate::cli::output::Output;
use crate::rollouts::trajectories;
use crate::service::Service;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The format
    #[arg(long, value_enum)]
    format: Format,
    /// The folder to write into
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    filter: FilterArguments,
}

/// Formats by who reads them: docs/FORMATS.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// SWE-agent's trajectories, a file each
    Traj,
    /// mini-swe-agent's trajectories, a file each
    Mini,
    /// SWE-smith's rows with native tool calls
    SweSmithTool,
    /// SWE-smith's rows with functions in XML
    SweSmithXml,
    /// SWE-smith's rows with fenced commands
    SweSmithTicks,
    /// ATIF documents, a file each
    Atif,
    /// preds.json and predictions.jsonl
    Preds,
}

pub(super) async fn run(
    arguments: Arguments,
    service: &Service,
    output: &Output,
) -> anyhow::Result<()> {
    let out = &arguments.out;
    let cannot = || format!("cannot write into {}", out.display());
    std::fs::create_dir_all(out).with_context(cannot)?;
    let mut writer = Writer::new(arguments.format, out).with_context(cannot)?;
    let filter = arguments.filter.into_filter();
    let mut found = std::pin::pin!(trajectories::stream(service.pool(), filter));
    let mut count = 0_usize;
    while let Some((rollout, trajectory)) = found.try_next().await? {
        writer.write(&rollout, &trajectory).with_context(cannot)?;
        count += 1;
    }
    writer.finish().with_context(cannot)?;
    if output.is_json() {
        return output.document(&json!({ "trajectories": count, "out": out }));
    }
    output.line(format_args!("{count} trajectories in {}", out.display()));
    Ok(())
}

/// Writes one trajectory after the other.
struct Writer {
    format: Format,
    out: PathBuf,
    lines: Option<BufWriter<File>>,
    schemas: Option<serde_json::Value>,
    predictions: std::collections::BTreeMap<String, Prediction>,
}

impl Writer {
    fn new(format: Format, out: &Path) -> std::io::Result<Self> {
        let name = match format {
            Format::SweSmithTool => Some("tool.jsonl"),
            Format::SweSmithXml => Some("xml.jsonl"),
            Format::SweSmithTicks => Some("ticks.jsonl"),
            Format::Preds => Some("predictions.jsonl"),
            Format::Traj | Format::Mini | Format::Atif => None,
        };
        let lines = name.map(|name| File::create(out.join(name)).map(BufWriter::new));
        Ok(Self {
            format,
            out: out.to_owned(),
            lines: lines.transpose()?,
            schemas: None,
            predictions: std::collections::BTreeMap::new(),
        })
    }

    fn write(&mut self, rollout: &Rollout, trajectory: &Trajectory) -> std::io::Result<()> {
        let name = format!("{}.{}", rollout.instance_id, rollout.id);
        match self.format {
            Format::Traj => self.file(rollout, "traj", &swe_agent::trajectory(trajectory)),
            Format::Mini => self.file(rollout, "traj.json", &mini::trajectory(trajectory)),
            Format::Atif => self.file(rollout, "atif.json", &atif::trajectory(trajectory, &name)),
            Format::SweSmithTool => self.row(trajectory, Style::Tool, &name),
            Format::SweSmithXml => self.row(trajectory, Style::Xml, &name),
            Format::SweSmithTicks => self.row(trajectory, Style::Ticks, &name),
            Format::Preds => {
                let prediction = Prediction::of(trajectory);
                self.line(&prediction)?;
                let id = prediction.instance_id.clone();
                self.predictions.insert(id, prediction);
                Ok(())
            }
        }
    }

    /// `INSTANCE/INSTANCE.ROLLOUT.EXTENSION`: attempts at one instance lie side by side.
    fn file(
        &self,
        rollout: &Rollout,
        extension: &str,
        document: &serde_json::Value,
    ) -> std::io::Result<()> {
        let id = &rollout.instance_id;
        let folder = self.out.join(id);
        std::fs::create_dir_all(&folder)?;
        let file = folder.join(format!("{id}.{}.{extension}", rollout.id));
        std::fs::write(file, serde_json::to_vec_pretty(document)?)
    }

    fn row(&mut self, trajectory: &Trajectory, style: Style, name: &str) -> std::io::Result<()> {
        self.schemas
            .get_or_insert_with(|| swe_smith::tool_schemas(trajectory));
        self.line(&swe_smith::row(trajectory, style, name))
    }

    fn line(&mut self, value: &impl Serialize) -> std::io::Result<()> {
        if let Some(lines) = &mut self.lines {
            serde_json::to_writer(&mut *lines, value)?;
            lines.write_all(b"\n")?;
        }
        Ok(())
    }

    fn finish(mut self) -> std::io::Result<()> {
        if let Some(lines) = &mut self.lines {
            lines.flush()?;
        }
        if let Some(schemas) = &self.schemas {
            std::fs::write(
                self.out.join("tools.json"),
                serde_json::to_vec_pretty(schemas)?,
            )?;
        }
        if self.format == Format::Preds {
            let text = serde_json::to_vec_pretty(&self.predictions)?;
            std::fs::write(self.out.join("preds.json"), text)?;
        }
        Ok(())
    }
}
