//! Builds an environment for each package of a list, takes one run of its tests, and prints a Markdown table.
//!
//! ```text
//! cargo run -p swemill-environment --example survey -- [--home FOLDER] [--list FILE] [NAME==VERSION | FOLDER]...
//! ```

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a table is what it is for"
)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use swemill_environment::{BuildFailure, Builder, Built, Options, Project, Step};
use swemill_harness::{Request, Status, TestRun};
use swemill_sandbox::native::{Launcher, NativeBackend, become_init_if_asked};
use swemill_sandbox::{Backend, Limits};
use swemill_source::{Fetcher, Settings, Source};

/// The list's file.
#[derive(Deserialize)]
struct List {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
}

fn main() -> ExitCode {
    become_init_if_asked();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime
        .expect("a runtime needs threads and timers")
        .block_on(survey())
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

type Anything<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

async fn survey() -> Anything<()> {
    let mut home = std::env::temp_dir().join("swemill-survey");
    let mut sources = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--home" => home = arguments.next().ok_or("--home needs a folder")?.into(),
            "--list" => {
                let file = arguments.next().ok_or("--list needs a file")?;
                let list: List = toml::from_str(&std::fs::read_to_string(file)?)?;
                sources.extend(
                    list.package
                        .into_iter()
                        .map(|p| format!("{}=={}", p.name, p.version)),
                );
            }
            _ => sources.push(argument),
        }
    }
    let backend: Arc<dyn Backend> = Arc::new(NativeBackend::new(Launcher::default()));
    let builder = Builder::with_options(home.clone(), backend.clone(), Options::default()).await?;
    let mut sound = 0;
    println!(
        "| package | outcome | Python | passed | failed | skipped | seconds | own MB | remarks |"
    );
    println!("| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- |");
    for source in &sources {
        eprintln!("{source}");
        let started = Instant::now();
        let row = match one(&*backend, &builder, &home, source).await {
            Ok((built, run)) => {
                let (is_sound, row) = row(source, &built, &run, started.elapsed());
                sound += usize::from(is_sound);
                row
            }
            Err(error) => format!("| {source} | {error} |"),
        };
        println!("{row}");
    }
    println!(
        "\n{sound} of {} build and pass a sound baseline.",
        sources.len()
    );
    Ok(())
}

async fn one(
    backend: &dyn Backend,
    builder: &Builder,
    home: &Path,
    source: &str,
) -> Anything<(Built, TestRun)> {
    let project = fetch(home, source).await?;
    let built = builder
        .build(&project, &|step: Step| eprintln!("  {step}"))
        .await
        .map_err(|failure: BuildFailure| {
            eprintln!("{failure}\n{}", failure.log);
            format!("failed | | | | | | | {failure}").replace('\n', " ")
        })?;
    for note in &built.recipe.notes {
        eprintln!("    · {note}");
    }
    let environment = backend.prepare(&built.spec()).await?;
    let sandbox = backend.start(&environment, &Limits::default()).await?;
    let request = Request::all(Duration::from_mins(15));
    let run = swemill_harness::run(&*sandbox, &built.recipe.test_command, &request).await?;
    Ok((built, run))
}

async fn fetch(home: &Path, source: &str) -> Anything<Project> {
    let folder = PathBuf::from(source);
    let spec = if folder.is_dir() {
        source.to_owned()
    } else {
        format!("pypi:{source}")
    };
    let fetcher = Fetcher::new(
        home.join("downloads"),
        Settings::from_environment()?,
        swemill_source::Limits::default(),
    );
    let destination = home.join("sources").join(source.replace(['/', '='], "_"));
    if destination.exists() {
        std::fs::remove_dir_all(&destination)?;
    }
    std::fs::create_dir_all(home.join("sources"))?;
    let repository = fetcher
        .fetch(&spec.parse::<Source>()?, None, &destination)
        .await?;
    Ok(Project {
        tree: repository.tree,
        name: repository.name,
        commit: repository.commit,
        version: repository.version,
        released: None,
        tree_digest: repository.tree_digest,
    })
}

fn row(source: &str, built: &Built, run: &TestRun, took: Duration) -> (bool, String) {
    let good = run.count(Status::Passed) + run.count(Status::Xfailed) + run.count(Status::Xpassed);
    let bad = run.count(Status::Failed) + run.count(Status::Error);
    let is_sound = run.ending.is_complete() && good > 0 && good * 5 >= (good + bad) * 4;
    let remarks: Vec<&String> = built
        .recipe
        .notes
        .iter()
        .filter(|note| note.contains("cannot") || note.contains("added"))
        .collect();
    let remarks = remarks
        .iter()
        .map(|note| note.replace(['\n', '|'], " "))
        .collect::<Vec<_>>()
        .join("; ");
    let first = run.tests.values().find(|test| test.status.is_broken());
    let first = first
        .and_then(|test| test.crash.as_ref())
        .map(|crash| crash.message.replace(['\n', '|'], " "));
    let failing = first
        .map(|message| format!("; first failing: {message:.120}"))
        .unwrap_or_default();
    let row = format!(
        "| {source} | {} | {} | {good} | {bad} | {} | {:.0} | {:.1} | {remarks}{failing} |",
        if is_sound { "sound" } else { "weak" },
        built.recipe.python.version,
        run.count(Status::Skipped),
        took.as_secs_f64(),
        f64::from(u32::try_from(built.own_bytes >> 10).unwrap_or(u32::MAX)) / 1024.0,
    );
    (is_sound, row)
}
