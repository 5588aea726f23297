//! Data sets: rows streamed out of the store in the order of their ids, with a card beside them.
//!
//! The same store gives the same bytes: a [`row::Row`] holds nothing of when or how fast it was made.

mod card;
mod columns;
mod jsonl;
mod parquet;
pub mod row;
pub mod sft;
mod writer;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use futures_util::TryStreamExt as _;
use sqlx::PgPool;
use swemill_store::instances::{self, Instance, InstanceFilter};
use swemill_store::{repositories, sources};

use self::row::Row;
use self::writer::Writer;
use crate::request::Options;

/// A form in which instances leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// SWE-smith's rows as JSON lines, with provenance columns
    Swesmith,
    /// The same columns as Parquet, for `datasets.load_dataset`
    Parquet,
}

impl Format {
    /// The word used on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Swesmith => "swesmith",
            Self::Parquet => "parquet",
        }
    }

    fn file_name(self) -> &'static str {
        match self {
            Self::Swesmith => "swesmith.jsonl",
            Self::Parquet => "instances.parquet",
        }
    }
}

/// What an export wrote.
#[derive(Debug, serde::Serialize)]
pub struct Written {
    /// The rows' file.
    pub file: PathBuf,
    /// The card.
    pub card: PathBuf,
    /// How many rows.
    pub instances: usize,
}

/// Writes the instances that pass the filter into `folder`. Files appear under their names when they are
/// whole: an interrupted export leaves the last one as it was. `command` is quoted in the card.
pub async fn export(
    pool: &PgPool,
    filter: InstanceFilter,
    format: Format,
    folder: &Path,
    command: &str,
) -> anyhow::Result<Written> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let file = folder.join(format.file_name());
    let whole = || format!("cannot write {}", file.display());
    let mut part = tempfile::NamedTempFile::new_in(folder).with_context(whole)?;
    let mut card = card::Card::default();
    let target = part.as_file_mut().try_clone()?;
    let mut rows = match format {
        Format::Swesmith => Writer::lines(target),
        Format::Parquet => Writer::parquet(target)?,
    };
    let mut count = 0;
    let mut stream = std::pin::pin!(instances::stream(pool, filter));
    while let Some(instance) = stream.try_next().await? {
        let row = Row::from(instance);
        card.count(&row);
        rows.write(row).with_context(whole)?;
        count += 1;
    }
    rows.finish().with_context(whole)?;
    persist(part, &file)?;
    let card_file = folder.join("README.md");
    let mut part = tempfile::NamedTempFile::new_in(folder)?;
    let requests = requests(pool, &card).await?;
    let text = card.render(format.file_name(), &requests, command);
    std::io::Write::write_all(&mut part, text.as_bytes())?;
    persist(part, &card_file)?;
    Ok(Written {
        file,
        card: card_file,
        instances: count,
    })
}

/// The commands that queue the sources of the card's rows, sorted.
async fn requests(pool: &PgPool, card: &card::Card) -> anyhow::Result<Vec<String>> {
    let mut commands = Vec::new();
    for source in sources::list(pool).await? {
        let Some(id) = source.repository_id else {
            continue;
        };
        let repository = repositories::get(pool, id).await?;
        if repository.is_some_and(|repository| card.holds(&repository.commit)) {
            let options = Options::from_stored(&source.options)?;
            commands.push(options.as_command(&source.spec, source.rev.as_deref()));
        }
    }
    commands.sort();
    commands.dedup();
    Ok(commands)
}

/// Gives a whole file its name, and the permissions that a plainly created file has.
pub(crate) fn persist(part: tempfile::NamedTempFile, name: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    part.as_file()
        .set_permissions(std::fs::Permissions::from_mode(0o644))?;
    part.as_file().sync_all()?;
    part.persist(name)
        .with_context(|| format!("cannot write {}", name.display()))?;
    Ok(())
}

impl From<Instance> for Row {
    fn from(instance: Instance) -> Self {
        let commit = &instance.commit[..8];
        let provenance = |key: &str| {
            let text = instance
                .provenance
                .get(key)
                .and_then(serde_json::Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let repo = format!("{}__{}.{commit}", instance.owner, instance.name);
        // Docker allows no capitals and no double underscore in an image's name; SWE-smith writes `_1776_`.
        let image_name = format!(
            "swemill.{}.{}_1776_{}.{commit}",
            std::env::consts::ARCH,
            instance.owner,
            instance.name
        )
        .to_lowercase();
        Self {
            repo,
            image_name,
            swemill_version: provenance("swemill_version"),
            python_version: provenance("python_version"),
            instance_id: instance.id,
            patch: instance.patch,
            fail_to_pass: instance.fail_to_pass,
            pass_to_pass: instance.pass_to_pass,
            problem_statement: instance.problem_statement,
            base_commit: instance.commit,
            strategy: instance.strategy,
            file: instance.file,
            entity: instance.entity,
            line: i32::try_from(instance.line).unwrap_or(i32::MAX),
            seed: instance.seed.cast_signed(),
            source: instance.spec,
            licence: instance.licence.unwrap_or_default(),
            statement_style: instance.statement_style,
            environment_digest: instance.environment,
            confirmations: i32::try_from(instance.confirmations).unwrap_or(i32::MAX),
        }
    }
}
