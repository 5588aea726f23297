//! The columns of rows in Parquet: those of [`Row`], in its order.

use parquet::data_type::ByteArray;
use swemill_agent::sft::{ChatCall, ChatMessage, Row};
use swemill_agent::trajectory::Span;

use super::levels::Levels;

/// The schema. Lists are the three-level lists of the format's specification (LogicalTypes.md, "Lists").
pub(super) const SCHEMA: &str = "message attempt {
    REQUIRED BYTE_ARRAY instance_id (STRING);
    REQUIRED BYTE_ARRAY repo (STRING);
    REQUIRED GROUP messages (LIST) { REPEATED GROUP list { REQUIRED GROUP element {
        REQUIRED BYTE_ARRAY role (STRING);
        REQUIRED BYTE_ARRAY content (STRING);
        OPTIONAL GROUP tool_calls (LIST) { REPEATED GROUP list { REQUIRED GROUP element {
            REQUIRED BYTE_ARRAY id (STRING);
            REQUIRED BYTE_ARRAY type (STRING);
            REQUIRED GROUP function {
                REQUIRED BYTE_ARRAY name (STRING);
                REQUIRED BYTE_ARRAY arguments (STRING);
            }
        } } }
        OPTIONAL BYTE_ARRAY tool_call_id (STRING);
    } } }
    REQUIRED BYTE_ARRAY tools (STRING);
    REQUIRED GROUP loss_spans (LIST) { REPEATED GROUP list { REQUIRED GROUP element {
        REQUIRED INT64 message;
        REQUIRED INT64 start;
        REQUIRED INT64 end;
        REQUIRED BOOLEAN tool_calls;
    } } }
    REQUIRED BYTE_ARRAY style (STRING);
    REQUIRED BYTE_ARRAY interface (STRING);
    REQUIRED BYTE_ARRAY model (STRING);
    REQUIRED BYTE_ARRAY policy (STRING);
    REQUIRED BYTE_ARRAY traj_id (STRING);
    REQUIRED BYTE_ARRAY exit_status (STRING);
    REQUIRED BOOLEAN resolved;
    REQUIRED BYTE_ARRAY patch (STRING);
    OPTIONAL INT64 tokens;
}";

/// One column: how to take its values out of a row.
pub(in crate::export) enum Column {
    /// A text of the row.
    Text(fn(&Row) -> &str),
    /// A text of each message.
    OfMessage(fn(&ChatMessage) -> &str),
    /// A text of each call of each message.
    OfCall(fn(&ChatCall) -> &str),
    /// A text that a message may lack.
    OfMessageIfAny(fn(&ChatMessage) -> Option<&str>),
    /// A number of each span.
    OfSpan(fn(&Span) -> usize),
    /// A truth of each span.
    TruthOfSpan(fn(&Span) -> bool),
    /// A truth of the row.
    Truth(fn(&Row) -> bool),
    /// A number that the row may lack.
    NumberIfAny(fn(&Row) -> Option<i64>),
}

/// The columns in the schema's order.
pub(super) const COLUMNS: [Column; 23] = [
    Column::Text(|row| &row.instance_id),
    Column::Text(|row| &row.repo),
    Column::OfMessage(|message| &message.role),
    Column::OfMessage(|message| &message.content),
    Column::OfCall(|call| &call.id),
    Column::OfCall(|call| &call.r#type),
    Column::OfCall(|call| &call.function.name),
    Column::OfCall(|call| &call.function.arguments),
    Column::OfMessageIfAny(|message| message.tool_call_id.as_deref()),
    Column::Text(|row| &row.tools),
    Column::OfSpan(|span| span.message),
    Column::OfSpan(|span| span.start),
    Column::OfSpan(|span| span.end),
    Column::TruthOfSpan(|span| span.tool_calls),
    Column::Text(|row| &row.style),
    Column::Text(|row| &row.interface),
    Column::Text(|row| &row.model),
    Column::Text(|row| &row.policy),
    Column::Text(|row| &row.traj_id),
    Column::Text(|row| &row.exit_status),
    Column::Truth(|row| row.resolved),
    Column::Text(|row| &row.patch),
    Column::NumberIfAny(|row| row.tokens),
];

/// A column's values, by their type in the file.
pub(super) enum Values {
    /// Texts.
    Texts(Levels<ByteArray>),
    /// Numbers.
    Numbers(Levels<i64>),
    /// Truths.
    Truths(Levels<bool>),
}

impl Column {
    /// Its values in these rows.
    pub(super) fn values(&self, rows: &[Row]) -> Values {
        match self {
            Self::Text(of) => texts(rows, |levels, row| {
                levels.value(0, 0, ByteArray::from(of(row)));
            }),
            Self::OfMessage(of) => texts(rows, |levels, row| {
                levels.list(&row.messages, |levels, repetition, message| {
                    levels.value(repetition, 1, ByteArray::from(of(message)));
                });
            }),
            Self::OfMessageIfAny(of) => texts(rows, |levels, row| {
                levels.list(&row.messages, |levels, repetition, message| {
                    match of(message) {
                        Some(text) => levels.value(repetition, 2, ByteArray::from(text)),
                        None => levels.nothing(repetition, 1),
                    }
                });
            }),
            Self::OfCall(of) => texts(rows, |levels, row| {
                levels.list(&row.messages, |levels, repetition, message| {
                    calls(levels, repetition, message, *of);
                });
            }),
            Self::OfSpan(of) => Values::Numbers(spans(rows, |span| {
                i64::try_from(of(span)).unwrap_or(i64::MAX)
            })),
            Self::TruthOfSpan(of) => Values::Truths(spans(rows, of)),
            Self::Truth(of) => {
                let mut levels = Levels::default();
                for row in rows {
                    levels.value(0, 0, of(row));
                }
                Values::Truths(levels)
            }
            Self::NumberIfAny(of) => {
                let mut levels = Levels::default();
                for row in rows {
                    match of(row) {
                        Some(number) => levels.value(0, 1, number),
                        None => levels.nothing(0, 0),
                    }
                }
                Values::Numbers(levels)
            }
        }
    }
}

fn texts(rows: &[Row], each: impl Fn(&mut Levels<ByteArray>, &Row)) -> Values {
    let mut levels = Levels::default();
    for row in rows {
        each(&mut levels, row);
    }
    Values::Texts(levels)
}

fn spans<T>(rows: &[Row], of: impl Fn(&Span) -> T) -> Levels<T> {
    let mut levels = Levels::default();
    for row in rows {
        levels.list(&row.loss_spans, |levels, repetition, span| {
            levels.value(repetition, 1, of(span));
        });
    }
    levels
}

/// Calls are a list in a list that may be missing: definition 1 says that the message is there, 2 that its list is, 3 that
/// the call is.
fn calls(
    levels: &mut Levels<ByteArray>,
    repetition: i16,
    message: &ChatMessage,
    of: fn(&ChatCall) -> &str,
) {
    match message.tool_calls.as_deref() {
        None => levels.nothing(repetition, 1),
        Some([]) => levels.nothing(repetition, 2),
        Some(calls) => {
            for (index, call) in calls.iter().enumerate() {
                let repetition = if index == 0 { repetition } else { 2 };
                levels.value(repetition, 3, ByteArray::from(of(call)));
            }
        }
    }
}
