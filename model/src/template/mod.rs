//! Chat templates as publishers write them, and the tool calls that models write back.
//!
//! [`Conversation`] is what clients send, [`ChatTemplate`] makes a prompt of it, [`CallFormat`] says how a model spells calls, and
//! [`CallStream`] takes an answer apart while it grows.

mod call_stream;
mod calls;
mod conversation;
mod environment;
mod plain_tools;
mod python;

pub use call_stream::{CallStream, Piece};
pub use calls::{CallFormat, Parsed, ToolCall, parse_calls};
pub use conversation::Conversation;
pub use environment::{ChatTemplate, TemplateError};
