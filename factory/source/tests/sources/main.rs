//! Sources fetched for real: from repositories, servers, archives and folders made for each test.

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
