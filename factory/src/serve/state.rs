//! What handlers share.

use std::sync::Arc;

use super::ServeOptions;
use crate::episodes::Episodes;

/// Episodes and limits. Clones share everything.
#[derive(Clone)]
pub(super) struct Served {
    pub(super) episodes: Arc<Episodes>,
    pub(super) options: Arc<ServeOptions>,
}
