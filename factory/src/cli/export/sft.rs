//! `swemill export sft`: attempts to learn from.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use swemill_agent::export::swe_smith::Style as Written;
use swemill_agent::sft::names::Listed;
use swemill_agent::sft::{Options, Overlap};

use crate::cli::output::Output;
use crate::cli::rollouts::FilterArguments;
use crate::export::sft::{self, FileFormat, Told};
use crate::service::Service;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder to write into; made where missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How rows are written
    #[arg(long, value_enum, default_value = "jsonl")]
    file_format: FileFormat,
    /// How actions are written
    #[arg(long, value_enum, default_value = "own")]
    style: Style,
    /// The most attempts at an instance
    #[arg(long, value_name = "K", default_value_t = 3)]
    per_instance: usize,
    /// What tokens are counted with: a model of the store, a folder, a tokenizer.json or a GGUF
    #[arg(long, value_name = "NAME")]
    tokenizer: Option<String>,
    /// Leave out attempts with more tokens than this
    #[arg(long, value_name = "N", requires = "tokenizer")]
    max_tokens: Option<usize>,
    /// The share of repositories that is held out for validation
    #[arg(long, value_name = "SHARE", default_value_t = 0.05, value_parser = share)]
    validation: f64,
    /// Decides which repositories are held out
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Leave out repositories that are listed in this file, one a line
    #[arg(long, value_name = "FILE")]
    exclude_repositories: Option<PathBuf>,
    /// Leave out attempts that share words with this file: JSON, JSON lines, Parquet or text (repeatable)
    #[arg(long, value_name = "FILE")]
    benchmark: Vec<PathBuf>,
    /// How many words in a row are an overlap with a benchmark
    #[arg(long, value_name = "N", default_value_t = swemill_agent::sft::overlap::WORDS)]
    ngram: usize,
    #[command(flatten)]
    filter: FilterArguments,
}

/// How actions are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Style {
    /// As each attempt wrote them
    Own,
    /// Native tool calls
    Tool,
    /// `<function=…>` in the text
    Xml,
    /// Fenced blocks
    Ticks,
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("a share is a number from 0 to 1".to_owned()),
    }
}

impl Arguments {
    fn options(&self, settings: &Settings) -> anyhow::Result<Options> {
        let mut benchmarks = Overlap::new(self.ngram);
        for file in &self.benchmark {
            sft::benchmarks::add(file, &mut benchmarks)?;
        }
        if !self.benchmark.is_empty() && benchmarks.texts() == 0 {
            bail!(
                "no text of the benchmarks has {} words, so nothing could be compared with them; give other files or a \
                 smaller --ngram",
                self.ngram
            );
        }
        let listed = match &self.exclude_repositories {
            Some(file) => listed(file)?,
            None => Listed::default(),
        };
        let tokenizer = (self.tokenizer.as_deref())
            .map(|name| sft::tokenizer::open(name, &settings.home))
            .transpose()?;
        Ok(Options {
            style: match self.style {
                Style::Own => None,
                Style::Tool => Some(Written::Tool),
                Style::Xml => Some(Written::Xml),
                Style::Ticks => Some(Written::Ticks),
            },
            per_instance: self.per_instance,
            tokenizer,
            most_tokens: self.max_tokens,
            listed,
            benchmarks,
            validation: self.validation,
            seed: self.seed,
        })
    }

    /// What the card tells. Files are named without their folders, which are this machine's.
    fn told(&self) -> Told {
        let name = |path: &Path| {
            let name = path.file_name().unwrap_or(path.as_os_str());
            name.to_string_lossy().into_owned()
        };
        let benchmarks: Vec<String> = self.benchmark.iter().map(|path| name(path)).collect();
        let tokenizer = self.tokenizer.as_deref().map(|named| {
            let path = Path::new(named);
            if named.contains('/') {
                name(path)
            } else {
                named.to_owned()
            }
        });
        let mut flags = vec![
            ("file-format", word(&self.file_format)),
            ("style", word(&self.style)),
            ("per-instance", self.per_instance.to_string()),
            ("validation", self.validation.to_string()),
            ("seed", self.seed.to_string()),
        ];
        flags.extend(tokenizer.clone().map(|name| ("tokenizer", name)));
        flags.extend(self.max_tokens.map(|most| ("max-tokens", most.to_string())));
        let listed = self.exclude_repositories.as_deref();
        flags.extend(listed.map(|file| ("exclude-repositories", name(file))));
        flags.extend(benchmarks.iter().map(|file| ("benchmark", file.clone())));
        flags.push(("ngram", self.ngram.to_string()));
        flags.extend(self.filter.as_flags());
        let flags = flags
            .iter()
            .map(|(flag, value)| format!(" --{flag} {value}").trim_end().to_owned());
        Told {
            command: format!("swemill export sft --out DIR{}", flags.collect::<String>()),
            tokenizer,
            benchmarks,
        }
    }
}

/// The word of a value on the command line.
fn word(value: &impl ValueEnum) -> String {
    let value = value.to_possible_value().expect("no value is hidden");
    value.get_name().to_owned()
}

fn listed(file: &Path) -> anyhow::Result<Listed> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the list of repositories {}", file.display()))?;
    let listed = Listed::parse(&text);
    if listed.is_empty() {
        bail!("{} lists no repository", file.display());
    }
    Ok(listed)
}

pub(super) async fn run(
    arguments: Arguments,
    settings: Settings,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let options = arguments.options(&settings)?;
    let told = arguments.told();
    let service = Service::open(settings).await?;
    let filter = arguments.filter.into_filter();
    let (format, folder) = (arguments.file_format, &arguments.out);
    let written = sft::export(service.pool(), &filter, options, format, folder, told).await?;
    service.close().await?;
    if output.is_json() {
        output.document(&written)?;
    }
    tell(&written, folder, output);
    Ok(ExitCode::SUCCESS)
}

fn tell(written: &sft::Written, folder: &Path, output: &Output) {
    for (split, side) in &written.kept {
        let tokens = side.tokens;
        let tokens = tokens.map_or(String::new(), |tokens| format!(", {tokens} tokens"));
        output.line(format_args!(
            "{split}: {} attempts at {} instances of {} repositories{tokens}, in {}",
            side.attempts,
            side.instances,
            side.repositories.len(),
            side.file.display()
        ));
    }
    let kept: u64 = written.kept.values().map(|side| side.attempts).sum();
    let left_out = written.dropped.iter();
    let left_out: Vec<String> = left_out
        .map(|(reason, count)| format!("{reason} {count}"))
        .collect();
    output.line(format_args!(
        "kept {kept} of {} attempts; left out: {}",
        written.considered,
        if left_out.is_empty() {
            "none".to_owned()
        } else {
            left_out.join(", ")
        }
    ));
    output.line(format_args!(
        "the card is {}",
        folder.join("README.md").display()
    ));
}
