//! Fetches models of the catalogue: `cargo run --release -p swemill-model --example fetch -- DATA_FOLDER NAME...`.
//!
//! Prints the path of each, a line each: what tests/bench/model measures.

use std::{io::Write as _, path::Path};

use swemill_model::store::{Pull, Reference, Settings, Store};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("usage: fetch DATA_FOLDER NAME...")?;
    let (store, settings) = (
        Store::new(Path::new(&folder)),
        Settings::from_environment()?,
    );
    for name in arguments {
        let pull = Pull {
            reference: Reference::parse(&name)?,
            name: None,
            force: false,
            settings: &settings,
            progress: &|_, _, _| {},
        };
        let installed = store.pull(pull).await?;
        writeln!(std::io::stdout(), "{}", installed.weights().display())?;
    }
    Ok(())
}
