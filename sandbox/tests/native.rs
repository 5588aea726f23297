//! The conformance suite against the native backend: with every means the machine offers, and without
//! control groups; and what is particular to it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed; helpers are not test functions to clippy"
)]

mod conformance;
mod native_life;

use std::future::{Ready, ready};

use swemill_sandbox::native::{Launcher, Means};
use swemill_sandbox::{Backend, NativeBackend};

/// The helper that becomes the first process. A run of this suite as another user brings its own copy.
pub(crate) fn launcher() -> Launcher {
    let helper = std::env::var_os("SWEMILL_TEST_INIT")
        .unwrap_or_else(|| env!("CARGO_BIN_EXE_swemill-sandbox-init").into());
    Launcher {
        program: helper.into(),
        arguments: Vec::new(),
    }
}

fn native() -> Box<dyn Backend> {
    Box::new(NativeBackend::new(launcher()))
}

fn native_without_control_groups() -> Box<dyn Backend> {
    Box::new(NativeBackend::with_means(
        launcher(),
        Means {
            control_groups: false,
            ..Means::default()
        },
    ))
}

fn every_means() -> Ready<Option<Box<dyn Backend>>> {
    ready(Some(native()))
}

fn no_control_groups() -> Ready<Option<Box<dyn Backend>>> {
    ready(Some(native_without_control_groups()))
}

mod with_every_means {
    crate::conformance_suite!(crate::every_means);
}

mod without_control_groups {
    crate::conformance_suite!(crate::no_control_groups);
}
