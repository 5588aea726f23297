//! The first process of the sandboxes that the suite starts.

fn main() {
    swemill_sandbox::native::init_main()
}
