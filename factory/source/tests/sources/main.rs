//! Sources fetched for real: from repositories, servers, archives and folders made for each test.

#![expect(
    clippy::unwrap_used,
    reason = "what a test sets up must work; the line that did not is what one wants to see"
)]

mod archives;
mod commits;
mod folders;
mod git;
mod index;
mod licences;
mod released;
mod server;
mod settings;
mod specs;
mod support;
