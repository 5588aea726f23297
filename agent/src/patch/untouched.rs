//! The side of a comparison that never changes.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use swemill_sandbox::{Error, Sandbox};
use tokio::sync::Mutex;

use super::ignored::Ignored;
use super::listing::{self, Listing};
use super::{MOST_FILE_BYTES, PatchError, Reason};
use crate::place::Place;

/// The most text that is kept of one repository, in bytes.
const MOST_KEPT: usize = 4 << 20;

/// What is known of a repository that no agent has touched. A place that keeps it for all its attempts saves each of them
/// a sandbox to compare with, and two commands in it.
#[derive(Debug, Default)]
pub struct Untouched {
    known: Mutex<Option<Arc<Repository>>>,
}

/// A repository that no agent has touched.
#[derive(Debug)]
struct Repository {
    root: String,
    listing: Listing,
    ignored: Ignored,
    texts: std::sync::Mutex<Texts>,
}

/// Files that were asked for: attempts at one task change the same few.
#[derive(Debug, Default)]
struct Texts {
    of: HashMap<String, Text>,
    bytes: usize,
}

/// A file's text, or why it has none.
type Text = Result<Arc<str>, Reason>;

/// A repository to compare with, and the sandbox that was started for what was not known of it.
pub(super) struct Before<'a> {
    place: &'a dyn Place,
    repository: Arc<Repository>,
    sandbox: Option<Box<dyn Sandbox>>,
}

impl Untouched {
    /// Takes down what the repository at `root` is, in a sandbox in which nothing was done yet, unless it is known.
    pub(crate) async fn learn(&self, fresh: &dyn Sandbox, root: &str) -> Result<(), PatchError> {
        let mut known = self.known.lock().await;
        if known.as_ref().is_none_or(|known| known.root != root) {
            *known = Some(Arc::new(Repository::of(fresh, root).await?));
        }
        Ok(())
    }

    pub(super) async fn of<'a>(
        &self,
        place: &'a dyn Place,
        root: &str,
    ) -> Result<Before<'a>, PatchError> {
        let mut known = self.known.lock().await;
        if let Some(repository) = known.as_ref().filter(|known| known.root == root) {
            return Ok(Before {
                place,
                repository: repository.clone(),
                sandbox: None,
            });
        }
        let sandbox = place.start().await?;
        let repository = Arc::new(Repository::of(sandbox.as_ref(), root).await?);
        *known = Some(repository.clone());
        Ok(Before {
            place,
            repository,
            sandbox: Some(sandbox),
        })
    }
}

impl Before<'_> {
    pub(super) fn listing(&self) -> &Listing {
        &self.repository.listing
    }

    /// Whether git would leave a file out.
    pub(super) fn ignores(&self, path: &[u8]) -> bool {
        self.repository.ignored.covers(path)
    }

    /// Starts the sandbox that a first comparison at this place needs most likely.
    pub(super) async fn ready(&mut self) -> Result<(), PatchError> {
        if self.sandbox.is_none() && self.repository.texts().of.is_empty() {
            self.sandbox = Some(self.place.start().await?);
        }
        Ok(())
    }

    /// A file's text.
    pub(super) async fn text(&mut self, name: &str) -> Result<Text, PatchError> {
        if let Some(text) = self.repository.texts().of.get(name) {
            return Ok(text.clone());
        }
        let sandbox = match self.sandbox.take() {
            Some(sandbox) => sandbox,
            None => self.place.start().await?,
        };
        let text = read(sandbox.as_ref(), &self.repository.root, name).await?;
        self.sandbox = Some(sandbox);
        self.repository.texts().keep(name, &text);
        Ok(text)
    }

    /// The sandbox that was started, if one was.
    pub(super) fn end(self) -> Option<Box<dyn Sandbox>> {
        self.sandbox
    }
}

impl Repository {
    async fn of(sandbox: &dyn Sandbox, root: &str) -> Result<Self, PatchError> {
        let listing = listing::of(sandbox, root).await?;
        Ok(Self {
            root: root.to_owned(),
            ignored: Ignored::of(sandbox, root, &listing).await?,
            listing,
            texts: std::sync::Mutex::default(),
        })
    }

    fn texts(&self) -> std::sync::MutexGuard<'_, Texts> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Texts {
    fn keep(&mut self, name: &str, text: &Text) {
        let bytes = text.as_ref().map_or(0, |text| text.len());
        if self.bytes + bytes <= MOST_KEPT
            && self.of.insert(name.to_owned(), text.clone()).is_none()
        {
            self.bytes += bytes;
        }
    }
}

/// A file of a sandbox as text, or why there is none.
pub(super) async fn read(
    sandbox: &dyn Sandbox,
    root: &str,
    name: &str,
) -> Result<Text, PatchError> {
    let place = PathBuf::from(format!("{}/{name}", root.trim_end_matches('/')));
    match sandbox.read(&place, MOST_FILE_BYTES).await {
        Ok(bytes) => Ok(match String::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => Ok(text.into()),
            _ => Err(Reason::Binary),
        }),
        // Without the right to read it, it cannot be compared.
        Err(Error::File { .. }) => Ok(Err(Reason::Special)),
        Err(error) => Err(error.into()),
    }
}
