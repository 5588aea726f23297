//! Tool calls in an answer that is still being written.

use super::calls::{CLOSE, CallFormat, OPEN, Parsed, ToolCall, call, parse_calls};

/// A part of an answer that is certain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text for the reader.
    Text(String),
    /// A whole call: calls are given out when their JSON is known to be one.
    Call(ToolCall),
}

/// Takes an answer apart as it grows. What may become a call, and the space before it, is held back until it is certain.
///
/// Small models of the Hermes kind often leave the marks out and write nothing but the call's JSON, fenced or not: an answer that is as a
/// whole the JSON of a call of an offered tool is that call.
#[derive(Debug, Clone)]
pub struct CallStream {
    format: CallFormat,
    /// The names of the tools that are offered.
    tools: Vec<String>,
    held: String,
    /// Text has been given out already: a Llama answer is then no call any more.
    told: bool,
    called: bool,
}

impl CallStream {
    /// A stream for answers of this format; `tools` are the names of those that are offered.
    pub fn new(format: CallFormat, tools: Vec<String>) -> Self {
        Self {
            format,
            tools,
            held: String::new(),
            told: false,
            called: false,
        }
    }

    /// Adds text and returns what is certain now.
    pub fn push(&mut self, text: &str) -> Vec<Piece> {
        self.held.push_str(text);
        let mut pieces = Vec::new();
        match self.format {
            CallFormat::Hermes => while self.take_hermes(&mut pieces) {},
            CallFormat::Llama => self.take_llama(&mut pieces),
        }
        pieces
    }

    /// The rest of the answer.
    pub fn finish(&mut self) -> Vec<Piece> {
        let rest = std::mem::take(&mut self.held);
        let mut pieces = Vec::new();
        if let Some(call) = self.bare_call(&rest) {
            return vec![Piece::Call(call)];
        }
        let Parsed { text, calls } = parse_calls(&rest, self.format);
        // Space around calls is layout, not text.
        let layout = (self.called || !calls.is_empty()) && text.trim().is_empty();
        if !layout {
            self.tell(&text, &mut pieces);
        }
        pieces.extend(calls.into_iter().map(Piece::Call));
        pieces
    }

    fn tell(&mut self, text: &str, pieces: &mut Vec<Piece>) {
        if text.is_empty() {
            return;
        }
        self.told = true;
        match pieces.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ => pieces.push(Piece::Text(text.to_owned())),
        }
    }

    /// Takes the text before the next call and the call, if it is whole; false when more is needed.
    fn take_hermes(&mut self, pieces: &mut Vec<Piece>) -> bool {
        let Some(start) = self.held.find(OPEN) else {
            if self.may_be_bare() {
                return false;
            }
            let keep = certain(&self.held, OPEN);
            let text: String = self.held.drain(..keep).collect();
            self.tell(&text, pieces);
            return false;
        };
        let body = start + OPEN.len();
        let Some(length) = self.held[body..].find(CLOSE) else {
            let keep = self.held[..start].trim_end().len();
            let text: String = self.held.drain(..keep).collect();
            self.tell(&text, pieces);
            return false;
        };
        let end = body + length + CLOSE.len();
        let whole: String = self.held.drain(..end).collect();
        match call(&whole[body..body + length], &["arguments", "parameters"]) {
            Some(call) => {
                self.tell(whole[..start].trim_end(), pieces);
                pieces.push(Piece::Call(call));
                self.called = true;
            }
            None => self.tell(&whole, pieces),
        }
        true
    }

    /// Whether the whole answer may become a call without marks.
    fn may_be_bare(&self) -> bool {
        let fresh = !(self.told || self.called || self.tools.is_empty());
        let answer = self.held.trim_start();
        let begins = |fence: &str| {
            let inside = answer.strip_prefix(fence).map(str::trim_start);
            fence.starts_with(answer)
                || inside.is_some_and(|it| it.is_empty() || it.starts_with('{'))
        };
        fresh && ["", "```\n", "```json\n"].into_iter().any(begins)
    }

    fn bare_call(&self, answer: &str) -> Option<ToolCall> {
        if self.told || self.called {
            return None;
        }
        let answer = answer.trim();
        let inside = answer.strip_prefix("```").map_or(answer, |inside| {
            let inside = inside.strip_prefix("json").unwrap_or(inside);
            inside.strip_suffix("```").unwrap_or(inside)
        });
        call(inside, &["arguments", "parameters"]).filter(|call| self.tools.contains(&call.name))
    }

    /// An answer that begins like a call is held back as a whole; any other is text.
    fn take_llama(&mut self, pieces: &mut Vec<Piece>) {
        let answer = self.held.trim_start();
        let may_be = |opening: &&str| answer.starts_with(opening) || opening.starts_with(answer);
        if !self.told && self.format.openings().iter().any(may_be) {
            return;
        }
        let text = std::mem::take(&mut self.held);
        self.tell(&text, pieces);
    }
}

/// How much of a text can be given out: all but a beginning of `mark` at its end and the space before that.
fn certain(text: &str, mark: &str) -> usize {
    let partial = (1..mark.len())
        .rev()
        .find(|&length| text.ends_with(&mark[..length]))
        .unwrap_or(0);
    text[..text.len() - partial].trim_end().len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stream(format: CallFormat, pieces: &[&str]) -> (String, Vec<ToolCall>) {
        let mut stream = CallStream::new(format, Vec::new());
        let mut given: Vec<Piece> = pieces.iter().flat_map(|text| stream.push(text)).collect();
        given.extend(stream.finish());
        let mut whole = (String::new(), Vec::new());
        for piece in given {
            match piece {
                Piece::Text(text) => whole.0.push_str(&text),
                Piece::Call(call) => whole.1.push(call),
            }
        }
        whole
    }

    #[test]
    fn text_flows_at_once_and_a_call_comes_when_it_is_whole() {
        let mut stream = CallStream::new(CallFormat::Hermes, vec!["g".into()]);
        assert_eq!(stream.push("Let me "), [Piece::Text("Let me".into())]);
        assert_eq!(stream.push("look <b"), [Piece::Text(" look <b".into())]);
        assert_eq!(stream.push("\n<tool_"), []);
        assert_eq!(stream.push("call>{\"name\": \"f\"}</tool"), []);
        let call = ToolCall {
            name: "f".into(),
            arguments: "{}".into(),
        };
        assert_eq!(stream.push("_call>\n"), [Piece::Call(call)]);
        assert_eq!(stream.finish(), []);
    }

    #[test]
    fn a_call_without_its_closing_mark_counts_at_the_end_and_no_call_stays_text() {
        let open = "<tool_call>{\"name\": \"f\", \"arguments\": {\"x\": 1}}";
        assert_eq!(stream(CallFormat::Hermes, &[open]).1.len(), 1);
        let broken = "a <tool_call>{\"name\": </tool_call> b";
        assert_eq!(
            stream(CallFormat::Hermes, &[broken]),
            (broken.to_owned(), vec![])
        );
        let llama = ["{\"na", "me\": \"f\", \"parameters\": {}}"];
        assert_eq!(stream(CallFormat::Llama, &llama).1.len(), 1);
        assert_eq!(stream(CallFormat::Llama, &["Well, ", "{"]).0, "Well, {");
    }

    #[test]
    fn an_answer_that_is_nothing_but_the_json_of_an_offered_tool_is_a_call() {
        let json = "{\"name\": \"g\", \"arguments\": {\"x\": 1}}";
        for answer in [
            json.to_owned(),
            format!("```json\n{json}\n```"),
            format!(" ```\n{json}\n```\n"),
        ] {
            let mut stream = CallStream::new(CallFormat::Hermes, vec!["g".into()]);
            for letter in answer.chars() {
                assert_eq!(stream.push(&letter.to_string()), [], "{answer}");
            }
            let Some(Piece::Call(call)) = stream.finish().pop() else {
                panic!("{answer}")
            };
            assert_eq!(
                (call.name.as_str(), call.arguments.as_str()),
                ("g", "{\"x\":1}")
            );
        }
        for other in [
            "{\"name\": \"h\", \"arguments\": {}}",
            "{\"a\": 1}",
            "{ nothing",
            "```json\n[1]\n```",
        ] {
            let mut stream = CallStream::new(CallFormat::Hermes, vec!["g".into()]);
            let mut pieces = stream.push(other);
            pieces.extend(stream.finish());
            assert_eq!(pieces, [Piece::Text(other.into())]);
        }
        // Code is not held back.
        let mut stream = CallStream::new(CallFormat::Hermes, vec!["g".into()]);
        assert_eq!(
            stream.push("```python\nx"),
            [Piece::Text("```python\nx".into())]
        );
    }

    proptest! {
        #[test]
        fn an_answer_cut_anywhere_gives_what_the_whole_gives(parts in prop::collection::vec(0usize..7, 0..8), cuts in prop::collection::vec(1usize..9, 0..40)) {
            const PARTS: [&str; 7] = ["text ", "<tool_call>", "</tool_call>", "{\"name\": \"f\", \"arguments\": {\"é\": \"}\"}}", "\n", "<tool", "{"];
            let answer: String = parts.into_iter().map(|part| PARTS[part]).collect();
            for format in [CallFormat::Hermes, CallFormat::Llama] {
                let mut rest = answer.as_str();
                let mut pieces = Vec::new();
                for &cut in &cuts {
                    let cut = rest.floor_char_boundary(cut.min(rest.len()));
                    pieces.push(&rest[..cut]);
                    rest = &rest[cut..];
                }
                pieces.push(rest);
                let whole = parse_calls(&answer, format);
                let (text, calls) = stream(format, &pieces);
                prop_assert_eq!(calls, whole.calls);
                let bare = |text: &str| text.split_whitespace().collect::<String>();
                prop_assert_eq!(bare(&text), bare(&whole.text));
            }
        }
    }
}
