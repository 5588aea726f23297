//! How a sandbox's first process is started: by executing a program that calls [`init_main`](super::init_main).

use std::ffi::OsString;
use std::path::PathBuf;

/// The hidden first argument by which a program knows that it is to become a sandbox's first process.
pub const INIT_ARGUMENT: &str = "sandbox-init";

/// The program to execute as the first process of a sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launcher {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

impl Default for Launcher {
    /// The running program itself, with [`INIT_ARGUMENT`]: its `main` has to call
    /// [`become_init_if_asked`] before anything else.
    fn default() -> Self {
        Self {
            program: "/proc/self/exe".into(),
            arguments: vec![INIT_ARGUMENT.into()],
        }
    }
}

/// To be called first in a program's `main`: turns the process into a sandbox's first process when its first
/// argument is [`INIT_ARGUMENT`], and costs nothing otherwise.
pub fn become_init_if_asked() {
    if std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == INIT_ARGUMENT)
    {
        super::init_main();
    }
    if std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == crate::docker::FIRST_ARGUMENT)
    {
        crate::docker::first_main();
    }
}
