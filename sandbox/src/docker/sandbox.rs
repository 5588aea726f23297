//! The caller's side of a container.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::connection::{Connection, PATIENCE, Turn, out_of_step};
use super::engine::{Engine, Offer};
use super::frames::{Answer, Ask, Bounds, Ended, Kept, Start};
use super::prepared::Prepared;
use super::{NAME, Options, container, harvest, labels, reaper};
use crate::native::exec::exec_request;
use crate::native::plan;
use crate::native::wire::Ceilings;
use crate::{Command, EnvironmentSpec, Error, Limits, Output, Result, Sandbox, Stream, Upper};

/// How long the first process may take to get the trees ready.
const FILLING: Duration = Duration::from_mins(5);

/// A container.
#[derive(Debug)]
pub(crate) struct DockerSandbox {
    spec: Arc<EnvironmentSpec>,
    limits: Limits,
    connection: Mutex<Connection>,
    container: Container,
}

/// A container that is removed when nobody holds this any more.
#[derive(Debug)]
struct Container {
    engine: Engine,
    id: Option<String>,
}

impl Container {
    async fn remove(mut self) -> Result<()> {
        match self.id.take() {
            Some(id) => reaper::remove(&self.engine, &id).await,
            None => Ok(()),
        }
    }
}

impl Drop for Container {
    /// The first process ends by itself when its caller hangs up, and the engine removes the container then. This
    /// is for one that never started, and makes all others go sooner.
    fn drop(&mut self) {
        if let (Some(id), Ok(runtime)) = (self.id.take(), tokio::runtime::Handle::try_current()) {
            let engine = self.engine.clone();
            runtime.spawn(async move {
                if let Err(error) = reaper::remove(&engine, &id).await {
                    tracing::warn!(container.id = %id, %error, "a container was not removed");
                }
            });
        }
    }
}

impl DockerSandbox {
    /// Starts one.
    pub(crate) async fn start(
        engine: &Engine,
        options: &Options,
        prepared: &Prepared,
        spec: Arc<EnvironmentSpec>,
        limits: Limits,
    ) -> Result<Self> {
        let (name, labels) = labels::of_container();
        let body = container::body(prepared, &spec, &limits, options, &engine.facts, labels);
        let id = container::create(engine, &name, body).await?;
        let container = Container {
            engine: engine.clone(),
            id: Some(id.clone()),
        };
        let attached = container::attach(engine, &id).await?;
        container::start(engine, &id).await?;
        let mut connection = Connection::new(attached);
        let mut turn = connection.begin()?;
        fill(&mut turn, prepared, &limits, engine).await?;
        turn.end();
        Ok(Self {
            spec,
            limits,
            connection: Mutex::new(connection),
            container,
        })
    }

    /// Brings what was written to host folders there.
    async fn collect(&mut self) -> Result<()> {
        for tree in &self.spec.trees {
            let Upper::Folder(folder) = &tree.upper else {
                continue;
            };
            let mut turn = self.connection.get_mut().begin()?;
            let path = tree.target.clone().into();
            turn.ask(&Ask::Collect { path }, &[]).await?;
            let archive = pieces(&mut turn, &tree.target).await?;
            turn.end();
            harvest::harvest(archive, tree, folder).await?;
        }
        Ok(())
    }
}

/// Has the first process get the place ready.
async fn fill(
    turn: &mut Turn<'_>,
    prepared: &Prepared,
    limits: &Limits,
    engine: &Engine,
) -> Result<()> {
    let copies = prepared.copies().into_iter();
    let start = Start {
        ceilings: Ceilings {
            memory_bytes: limits.memory_bytes,
            watch_memory: !engine.facts.offers.contains(&Offer::Memory),
            processes: limits.processes,
            open_files: limits.open_files,
            disk_bytes: limits.disk_bytes,
        },
        copies: copies.map(|(from, to)| (from.into(), to.into())).collect(),
        archive: prepared.archive.bytes,
    };
    let archive = tokio::fs::File::open(&prepared.archive.path).await;
    let archive = archive.map_err(|source| Error::Io {
        context: "reading the working tree's archive".into(),
        source,
    })?;
    turn.ask(&Ask::Start(start), &[]).await?;
    // If it fails it says why, and does not listen to the end.
    let poured = turn.pour(archive).await;
    match turn.answer(FILLING).await {
        Ok(Answer::Ready) => poured,
        Ok(Answer::Failed { step, reason }) => Err(Error::Setup { step, reason }),
        Ok(other) => Err(out_of_step(&other)),
        Err(error) => Err(error),
    }
}

/// Pieces up to the one that says that it was the last.
async fn pieces(turn: &mut Turn<'_>, path: &Path) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        match turn.answer(PATIENCE).await? {
            Answer::Piece { bytes } => all.extend_from_slice(&turn.body(bytes).await?),
            Answer::Done => return Ok(all),
            Answer::Refused { reason } => return Err(refused(path, reason)),
            other => return Err(out_of_step(&other)),
        }
    }
}

#[async_trait]
impl Sandbox for DockerSandbox {
    async fn exec(&self, command: Command) -> Result<Output> {
        let exec = exec_request(&self.spec, &command);
        let program = command
            .argv
            .first()
            .map(|word| word.to_string_lossy().into_owned())
            .unwrap_or_default();
        let wall = command.timeout.unwrap_or(self.limits.wall);
        let greeting = command.channel.unwrap_or_default();
        let ask = Ask::Exec {
            exec,
            stdin: command.stdin.len() as u64,
            greeting: greeting.len() as u64,
            bounds: Bounds {
                wall_micros: u64::try_from(wall.as_micros()).unwrap_or(u64::MAX),
                output_bytes: self.limits.output_bytes,
                channel_bytes: self.limits.channel_bytes,
            },
        };
        let mut connection = self.connection.lock().await;
        let mut turn = connection.begin()?;
        turn.ask(&ask, &[&command.stdin, &greeting]).await?;
        let patience = wall.saturating_add(PATIENCE);
        let mut channel = Vec::new();
        loop {
            match turn.answer(patience).await? {
                Answer::Piece { bytes } => channel.extend_from_slice(&turn.body(bytes).await?),
                Answer::NotStarted { reason } => {
                    turn.end();
                    return Err(Error::Spawn { program, reason });
                }
                Answer::Ended(ended) => {
                    let output = output(&mut turn, &ended, channel).await?;
                    turn.end();
                    return Ok(output);
                }
                other => return Err(out_of_step(&other)),
            }
        }
    }

    async fn write(&self, path: &Path, bytes: &[u8], executable: bool) -> Result<()> {
        let inside = plan::inside(path).map_err(|error| refused(path, error.to_string()))?;
        let ask = Ask::Write {
            path: inside,
            executable,
            bytes: bytes.len() as u64,
        };
        let mut connection = self.connection.lock().await;
        let mut turn = connection.begin()?;
        turn.ask(&ask, &[bytes]).await?;
        let answer = turn.answer(PATIENCE).await?;
        turn.end();
        match answer {
            Answer::Done => Ok(()),
            Answer::Refused { reason } => Err(refused(path, reason)),
            other => Err(out_of_step(&other)),
        }
    }

    async fn read(&self, path: &Path, limit: usize) -> Result<Vec<u8>> {
        let inside = plan::inside(path).map_err(|error| refused(path, error.to_string()))?;
        let ask = Ask::Read {
            path: inside,
            limit: limit as u64,
        };
        let mut connection = self.connection.lock().await;
        let mut turn = connection.begin()?;
        turn.ask(&ask, &[]).await?;
        let bytes = match turn.answer(PATIENCE).await? {
            Answer::Piece { bytes } => turn.body(bytes).await?,
            Answer::Refused { reason } => {
                turn.end();
                return Err(refused(path, reason));
            }
            other => return Err(out_of_step(&other)),
        };
        turn.end();
        if bytes.len() > limit {
            return Err(refused(path, format!("it is larger than {limit} bytes")));
        }
        Ok(bytes.into())
    }

    async fn fork(&self) -> Result<Box<dyn Sandbox>> {
        Err(Error::Unsupported {
            backend: NAME,
            operation: "copy a running container",
        })
    }

    async fn stop(mut self: Box<Self>) -> Result<()> {
        let collected = self.collect().await;
        let Self {
            connection,
            container,
            ..
        } = *self;
        let removed = container.remove().await;
        connection.into_inner().shut("it was stopped");
        collected.and(removed)
    }
}

/// What a command did, with the output that follows the answer.
async fn output(turn: &mut Turn<'_>, ended: &Ended, channel: Vec<u8>) -> Result<Output> {
    Ok(Output {
        ending: ended.ending(),
        stdout: stream(turn, ended.stdout).await?,
        stderr: stream(turn, ended.stderr).await?,
        channel,
        wall: Duration::from_micros(ended.wall_micros),
        cpu: Duration::from_micros(ended.cpu_micros),
    })
}

async fn stream(turn: &mut Turn<'_>, kept: Kept) -> Result<Stream> {
    Ok(Stream {
        head: turn.body(kept.head).await?.into(),
        tail: turn.body(kept.tail).await?.into(),
        dropped: kept.dropped,
    })
}

fn refused(path: &Path, reason: String) -> Error {
    Error::File {
        path: path.to_path_buf(),
        reason,
    }
}
