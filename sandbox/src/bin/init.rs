//! The first process of a sandbox, for this crate's own tests.

fn main() {
    swemill_sandbox::native::init_main()
}
