//! Chat templates as publishers write them, and the tool calls that models write back.

mod calls;
mod environment;
mod python;

pub use calls::{CallFormat, Parsed, ToolCall, parse_calls};
pub use environment::{ChatTemplate, TemplateError};
