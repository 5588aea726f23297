//! The data set card: what is in it, what is not, and how to make it again.

use std::fmt::Write as _;

use super::{FileFormat, Told, Written};

/// The card as Markdown with the front matter of a data set repository, from which `datasets.load_dataset` takes the splits.
pub(super) fn render(written: &Written, format: FileFormat, told: &Told) -> String {
    let mut text = String::from(
        "---\nlanguage:\n- code\ntask_categories:\n- text-generation\ntags:\n- software-engineering\n- agent\n",
    );
    if !written.kept.is_empty() {
        text.push_str("configs:\n- config_name: default\n  data_files:\n");
    }
    for (split, side) in &written.kept {
        let file = side.file.file_name().unwrap_or_default().display();
        let _ = writeln!(text, "  - split: {split}\n    path: {file}");
    }
    let kept: u64 = written.kept.values().map(|side| side.attempts).sum();
    let _ = write!(
        text,
        "---\n\n# Attempts to learn from\n\n{kept} of {} attempts of agents at broken repositories, as {}. The hidden tests pass \
         after each. `loss_spans` says what is learned; `policy` says who decided: `expert` marks a script that knows the \
         repair.\n\n| split | attempts | instances | repositories | policies | tokens |\n| --- | --- | --- | --- | --- | --- |\n",
        written.considered,
        match format {
            FileFormat::Jsonl => "JSON lines",
            FileFormat::Parquet => "Parquet",
        },
    );
    for (split, side) in &written.kept {
        let policies = side.policies.iter();
        let policies: Vec<_> = policies
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        let tokens = side
            .tokens
            .map_or("not counted".to_owned(), |tokens| tokens.to_string());
        let _ = writeln!(
            text,
            "| {split} | {} | {} | {} | {} | {tokens} |",
            side.attempts,
            side.instances,
            side.repositories.len(),
            policies.join(", "),
        );
    }
    text.push_str("\nNo repository is in two splits.\n\n## Left out\n\n");
    if written.dropped.is_empty() {
        text.push_str("Nothing.\n");
    } else {
        text.push_str("| reason | attempts |\n| --- | --- |\n");
    }
    for (reason, count) in &written.dropped {
        let _ = writeln!(text, "| {reason} | {count} |");
    }
    if !told.benchmarks.is_empty() {
        let _ = write!(
            text,
            "\nCompared with {} texts of {} ({} more were too short).\n",
            written.benchmark_texts,
            told.benchmarks.join(", "),
            written.benchmark_texts_too_short,
        );
    }
    if let Some(tokenizer) = &told.tokenizer {
        let _ = write!(text, "\nTokens are those of {tokenizer}.\n");
    }
    text.push_str("\n## Repositories\n\n");
    for (split, side) in &written.kept {
        for repository in &side.repositories {
            let _ = writeln!(text, "- {repository} ({split})");
        }
    }
    let _ = write!(
        text,
        "\n## How to make it again\n\n```\n{}\n```\n",
        told.command
    );
    text
}
