//! The first process of the sandboxes that this crate's tests start.

fn main() {
    swemill_sandbox::native::init_main()
}
