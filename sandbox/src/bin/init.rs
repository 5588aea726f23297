//! The first process of a sandbox, for this crate's own tests.

fn main() {
    swemill_sandbox::native::become_init_if_asked();
    swemill_sandbox::native::init_main()
}
