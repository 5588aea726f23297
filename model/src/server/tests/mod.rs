//! The server over real connections and an engine with a stand-in for a model.

mod answers;
mod clients;
mod limits;
mod refusals;
mod support;
mod tools;
