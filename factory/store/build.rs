//! Compiles the crate again when a migration is added: the folder's files are part of it.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
