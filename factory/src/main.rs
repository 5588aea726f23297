//! The binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    // A sandbox's first process is this program again.
    swemill_sandbox::native::become_init_if_asked();
    swemill::cli::main()
}
