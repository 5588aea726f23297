//! The caller's end of the conversation with a container's first process.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use bollard::container::AttachContainerResults;
use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::frames::{Answer, Ask};
use crate::native::wire;
use crate::{Error, Result};

/// How long the first process may take to answer what it can answer at once: a machine under heavy load gets
/// generous time.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Bytes moved at a time.
const CHUNK: usize = 256 << 10;

/// What the container writes, as the engine sends it.
type Arriving = Pin<Box<dyn Stream<Item = Result<Bytes, bollard::errors::Error>> + Send>>;

/// The container's standard input and output, and whether what was sent and received last is in step.
pub(crate) struct Connection {
    open: Option<Ends>,
    reason: &'static str,
}

struct Ends {
    input: Pin<Box<dyn AsyncWrite + Send>>,
    output: Arriving,
    arrived: BytesMut,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = if self.open.is_some() {
            "open"
        } else {
            self.reason
        };
        write!(formatter, "Connection({state})")
    }
}

impl Connection {
    /// Over what an engine attached.
    pub(crate) fn new(attached: AttachContainerResults) -> Self {
        let output = attached
            .output
            .map(|item| item.map(bollard::container::LogOutput::into_bytes));
        Self {
            open: Some(Ends {
                input: attached.input,
                output: Box::pin(output),
                arrived: BytesMut::new(),
            }),
            reason: "",
        }
    }

    /// Begins an operation. When its future is dropped before [`Turn::end`], the answer would be taken for
    /// another operation's: the sandbox ends then and there.
    pub(crate) fn begin(&mut self) -> Result<Turn<'_>> {
        if self.open.is_none() {
            return Err(Error::Gone(self.reason.into()));
        }
        Ok(Turn {
            connection: self,
            finished: false,
        })
    }

    /// Hangs up: the first process ends on that, and the container with it.
    pub(crate) fn shut(&mut self, reason: &'static str) {
        if self.open.take().is_some() {
            self.reason = reason;
        }
    }
}

/// One operation: what is sent, and its answers.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    connection: &'a mut Connection,
    finished: bool,
}

impl Turn<'_> {
    fn ends(&mut self) -> Result<&mut Ends> {
        let reason = self.connection.reason;
        let open = self.connection.open.as_mut();
        open.ok_or_else(|| Error::Gone(reason.into()))
    }

    /// Asks, with the bytes that the request announces.
    pub(crate) async fn ask(&mut self, ask: &Ask, bodies: &[&[u8]]) -> Result<()> {
        let frame = wire::frame(ask).map_err(|source| Error::Io {
            context: "writing a message to the container".into(),
            source,
        })?;
        let ends = self.ends()?;
        let send = async {
            for bytes in std::iter::once(&frame[..]).chain(bodies.iter().copied()) {
                ends.input.write_all(bytes).await?;
            }
            ends.input.flush().await
        };
        send.await.map_err(|error| gone(&error))
    }

    /// Sends bytes that a request announced, from a file.
    pub(crate) async fn pour(&mut self, mut source: impl AsyncRead + Unpin) -> Result<()> {
        let ends = self.ends()?;
        let mut chunk = vec![0; CHUNK];
        loop {
            let got = source.read(&mut chunk).await.map_err(|source| Error::Io {
                context: "reading what goes into the container".into(),
                source,
            })?;
            if got == 0 {
                return ends.input.flush().await.map_err(|error| gone(&error));
            }
            let sent = ends.input.write_all(&chunk[..got]).await;
            sent.map_err(|error| gone(&error))?;
        }
    }

    /// Waits for an answer, for at most so long.
    pub(crate) async fn answer(&mut self, patience: Duration) -> Result<Answer> {
        let hear = async {
            let header = self.take(4).await?;
            let length = wire::frame_length([header[0], header[1], header[2], header[3]])
                .map_err(|error| gone(&error))?;
            let body = self.take(length).await?;
            wire::parse(&body).map_err(|error| gone(&error))
        };
        tokio::time::timeout(patience, hear)
            .await
            .unwrap_or(Err(Error::Unresponsive(patience)))
    }

    /// The bytes that an answer announced.
    pub(crate) async fn body(&mut self, bytes: u64) -> Result<Bytes> {
        let bytes = usize::try_from(bytes).map_err(|error| gone(&io::Error::other(error)))?;
        tokio::time::timeout(PATIENCE, self.take(bytes))
            .await
            .unwrap_or(Err(Error::Unresponsive(PATIENCE)))
    }

    async fn take(&mut self, bytes: usize) -> Result<Bytes> {
        let ends = self.ends()?;
        while ends.arrived.len() < bytes {
            match ends.output.next().await {
                Some(Ok(some)) => ends.arrived.extend_from_slice(some.chunk()),
                Some(Err(error)) => return Err(gone(&io::Error::other(error))),
                None => return Err(Error::Gone("its first process ended".into())),
            }
        }
        Ok(ends.arrived.split_to(bytes).freeze())
    }

    /// The operation is complete.
    pub(crate) fn end(mut self) {
        self.finished = true;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.finished {
            self.connection
                .shut("an operation on it was given up or failed");
        }
    }
}

fn gone(error: &io::Error) -> Error {
    Error::Gone(format!("its first process does not answer: {error}"))
}

/// An answer that does not belong to its question.
pub(crate) fn out_of_step(answer: &Answer) -> Error {
    Error::Gone(format!(
        "its first process answered out of step: {answer:?}"
    ))
}
