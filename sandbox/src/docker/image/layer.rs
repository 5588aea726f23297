//! One layer of an image: an archive on disk, known by the digest of its bytes.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::pack::{Ownership, Pack};

/// A layer that can be sent to an engine.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    /// The digest, `sha256:…`, by which images name it.
    pub(crate) digest: String,
    pub(crate) archive: PathBuf,
    /// What it is, for the image's history.
    pub(crate) what: String,
}

/// Writes a layer's archive into a folder.
pub(crate) fn write(
    folder: &Path,
    what: &str,
    ownership: Ownership,
    fill: impl FnOnce(&mut Pack<Hashed>) -> io::Result<()>,
) -> io::Result<Layer> {
    let passing = tempfile::NamedTempFile::new_in(folder)?;
    let (archive, path) = passing.keep().map_err(|error| error.error)?;
    let mut pack = Pack::new(Hashed::new(archive), ownership);
    fill(&mut pack)?;
    let digest = pack.finish()?.finish()?;
    Ok(Layer {
        digest: format!("sha256:{digest}"),
        archive: path,
        what: what.to_owned(),
    })
}

/// A file that is digested as it is written.
pub(crate) struct Hashed {
    file: BufWriter<File>,
    digest: Sha256,
}

impl Hashed {
    fn new(file: File) -> Self {
        Self {
            file: BufWriter::with_capacity(1 << 20, file),
            digest: Sha256::new(),
        }
    }

    fn finish(mut self) -> io::Result<String> {
        self.file.flush()?;
        Ok(hex::encode(self.digest.finalize()))
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
