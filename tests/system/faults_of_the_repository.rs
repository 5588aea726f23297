//! What repositories do to whoever builds and runs them.
