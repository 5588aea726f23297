//! The data set card: what is in it, under which licences, and how to make it again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::row::Row;

/// Counts gathered while rows stream past.
#[derive(Debug, Default)]
pub(super) struct Card {
    instances: usize,
    by_strategy: BTreeMap<String, usize>,
    by_repository: BTreeMap<(String, String, String), Repository>,
    versions: BTreeMap<String, usize>,
    fail_to_pass: Vec<usize>,
    pass_to_pass: Vec<usize>,
    changed_lines: Vec<usize>,
}

#[derive(Debug, Default)]
struct Repository {
    instances: usize,
    licence: String,
    python: String,
}

impl Card {
    pub(super) fn count(&mut self, row: &Row) {
        self.instances += 1;
        *self.by_strategy.entry(row.strategy.clone()).or_default() += 1;
        *self
            .versions
            .entry(row.swemill_version.clone())
            .or_default() += 1;
        let key = (
            row.repo.clone(),
            row.source.clone(),
            row.base_commit.clone(),
        );
        let repository = self.by_repository.entry(key).or_default();
        repository.instances += 1;
        repository.licence.clone_from(&row.licence);
        repository.python.clone_from(&row.python_version);
        self.fail_to_pass.push(row.fail_to_pass.len());
        self.pass_to_pass.push(row.pass_to_pass.len());
        let changed = |line: &&str| {
            line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---")
        };
        self.changed_lines
            .push(row.patch.lines().filter(changed).count());
    }

    /// Whether rows of this commit are in the data set.
    pub(super) fn holds(&self, commit: &str) -> bool {
        self.by_repository
            .keys()
            .any(|(_, _, known)| known == commit)
    }

    /// The card as Markdown with the front matter of a data set repository.
    /// `requests` are the commands that queue what the rows came from, `command` the one that exports them.
    pub(super) fn render(mut self, file: &str, requests: &[String], command: &str) -> String {
        let mut text = format!(
            "---\nlanguage:\n- code\ntask_categories:\n- text-generation\ntags:\n- software-engineering\n\
             configs:\n- config_name: default\n  data_files: {file}\n---\n\n# Task instances\n\n\
             {} instances of {} repositories, each a break of working code that its own tests notice, proven \
             in a sandbox: every test in `FAIL_TO_PASS` passes without `patch` and fails with it, every test \
             in `PASS_TO_PASS` passes both ways. `patch` introduces the bug; the fix is its reverse.\n",
            self.instances,
            self.by_repository.len(),
        );
        let _ = write!(
            text,
            "\n| figure | median |\n| --- | --- |\n| FAIL_TO_PASS | {} |\n| PASS_TO_PASS | {} |\n| changed lines | {} |\n",
            median(&mut self.fail_to_pass),
            median(&mut self.pass_to_pass),
            median(&mut self.changed_lines),
        );
        text.push_str("\n## Repositories and licences\n\n| repository | source | commit | licence | Python | instances |\n| --- | --- | --- | --- | --- | --- |\n");
        for ((repo, source, commit), repository) in &self.by_repository {
            let licence = match repository.licence.as_str() {
                "" => "not found",
                licence => licence,
            };
            let _ = writeln!(
                text,
                "| {repo} | {source} | {commit} | {licence} | {} | {} |",
                repository.python, repository.instances
            );
        }
        text.push_str("\n## Strategies\n\n| strategy | instances |\n| --- | --- |\n");
        for (strategy, instances) in &self.by_strategy {
            let _ = writeln!(text, "| {strategy} | {instances} |");
        }
        let versions: Vec<_> = self.versions.keys().cloned().collect();
        let _ = write!(
            text,
            "\n## How to make it again\n\nMade with swemill {}:\n\n```\n{}\nswemill work --until-idle\n{command}\n```\n\n\
             The same sources, options, resolved dependencies and version give the same bytes; the environment's lock \
             is named by `environment_digest`. `swemill verify --all` proves every instance once more.\n",
            versions.join(", "),
            requests.join("\n"),
        );
        text
    }
}

fn median(values: &mut [usize]) -> usize {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}
