//! Builds in real sandboxes with packages from the index: each test is one small repository, one situation.

mod builds;
mod hostile;
mod support;
