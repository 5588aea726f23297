//! The model store against servers that behave well and badly.

mod local;
mod pulls;
mod real;
mod server;
