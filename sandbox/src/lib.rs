//! Running untrusted commands in isolated places.
//!
//! A [`Backend`] turns an [`EnvironmentSpec`] (what a place is made of) into sandboxes, and a [`Sandbox`]
//! runs [`Command`]s under [`Limits`]. Nothing that a command does outlives its sandbox: processes, files
//! and network end with it, also when the program that started it is killed.
//!
//! Reading order: [`spec`] says what a sandbox is made of, [`limits`] what it may use, [`command`] what runs
//! in it and what comes back, [`backend`] the two traits, [`template`] how one prepared process runs many times, [`error`] what can go wrong, [`native`] the
//! backend that is made of the kernel's own means. `docs/SANDBOX.md` tells users what to expect.

pub mod backend;
pub mod command;
pub mod docker;
pub mod error;
pub mod limits;
pub mod native;
pub mod spec;
pub mod template;

pub use backend::{Backend, Environment, Sandbox};
pub use command::{Command, Ending, Output, Stream};
pub use docker::DockerBackend;
pub use error::{Error, Result};
pub use limits::Limits;
pub use native::NativeBackend;
pub use spec::{EnvironmentSpec, Mount, Network, Tree, Upper};
pub use template::{FileWrite, Round, Template};
