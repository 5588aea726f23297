//! The two published agent interfaces, in each notation that models were trained with.

mod blocked;
pub(crate) mod render;

use std::path::Path;
use std::str::FromStr;

use minijinja::context;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::action::{Action, Observation};
use crate::lm::Completion;
use crate::message::{Message, Role};
use crate::parse::{self, Fault, Malformed, Parsed};
use crate::templates::{TemplateError, Templates};

/// Characters of an observation that SWE-agent shows.
const MOST_OBSERVED: usize = 100_000;

/// An interface and the notation of its actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// mini-swe-agent 2: calls of the tool `bash`, several at once if the model likes.
    MiniToolCalls,
    /// mini-swe-agent 2: one fenced command in the text.
    MiniFenced,
    /// SWE-agent: one tool call.
    SweAgentFunctionCalling,
    /// SWE-agent: one function in XML in the text, as SWE-agent-LM has it.
    SweAgentXml,
    /// SWE-agent: a discussion and a fenced command.
    SweAgentThoughtAction,
}

/// No interface of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no interface {0}; there are {names}", names = Dialect::ALL.map(Dialect::name).join(", "))]
pub struct UnknownDialect(String);

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::MiniToolCalls,
        Self::MiniFenced,
        Self::SweAgentFunctionCalling,
        Self::SweAgentXml,
        Self::SweAgentThoughtAction,
    ];

    /// Its name, as users write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::MiniToolCalls => "mini-tool-calls",
            Self::MiniFenced => "mini-fenced",
            Self::SweAgentFunctionCalling => "swe-agent-function-calling",
            Self::SweAgentXml => "swe-agent-xml",
            Self::SweAgentThoughtAction => "swe-agent-thought-action",
        }
    }

    /// Whether it is mini-swe-agent's.
    pub fn is_mini(self) -> bool {
        matches!(self, Self::MiniToolCalls | Self::MiniFenced)
    }

    /// Whether actions are tool calls rather than text.
    pub fn has_tool_calls(self) -> bool {
        matches!(self, Self::MiniToolCalls | Self::SweAgentFunctionCalling)
    }
}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, UnknownDialect> {
        Self::ALL
            .into_iter()
            .find(|dialect| dialect.name() == name)
            .ok_or_else(|| UnknownDialect(name.to_owned()))
    }
}

/// What an attempt is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// The instance.
    pub instance_id: String,
    /// What is wrong, in words.
    pub problem_statement: String,
}

/// A dialect with its prompts, ready for any number of attempts.
#[derive(Clone, Debug)]
pub struct Interface {
    dialect: Dialect,
    templates: Templates,
    root: String,
    tools: Vec<Value>,
}

impl Interface {
    /// An interface for repositories at `root`, with the templates of `folder` in place of the built-in ones.
    pub fn new(dialect: Dialect, root: &str, folder: Option<&Path>) -> Result<Self, TemplateError> {
        let templates = Templates::load(folder)?;
        let schemas = if dialect.is_mini() {
            "mini-swe-agent/tools.json.j2"
        } else {
            "swe-agent/tools.json.j2"
        };
        let tools = templates.render_json(schemas, context! {root})?;
        Ok(Self {
            dialect,
            templates,
            root: root.to_owned(),
            tools,
        })
    }

    /// The notation.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Where the repository is.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// SHA-256 of the templates in force.
    pub fn templates_digest(&self) -> &str {
        self.templates.digest()
    }

    /// Schemas of the interface's tools, whatever the notation.
    pub fn schemas(&self) -> &[Value] {
        &self.tools
    }

    /// The schemas that a model is given with each query: none in text notations.
    pub fn offered_tools(&self) -> &[Value] {
        if self.dialect.has_tool_calls() {
            &self.tools
        } else {
            &[]
        }
    }

    /// The messages that an attempt begins with.
    pub fn opening(&self, task: &Task) -> Result<Vec<Message>, TemplateError> {
        let (system, instance) = match self.dialect {
            Dialect::MiniToolCalls => ("mini-swe-agent/system.j2", "mini-swe-agent/instance.j2"),
            Dialect::MiniFenced => (
                "mini-swe-agent/system.j2",
                "mini-swe-agent/instance_fenced.j2",
            ),
            Dialect::SweAgentFunctionCalling => ("swe-agent/system.j2", "swe-agent/instance.j2"),
            Dialect::SweAgentXml => ("swe-agent/system_xml.j2", "swe-agent/instance.j2"),
            Dialect::SweAgentThoughtAction => (
                "swe-agent/system_thought_action.j2",
                "swe-agent/instance.j2",
            ),
        };
        let given = context! {
            task => task.problem_statement.as_str(),
            root => self.root.as_str(),
            tools => minijinja::value::Serde(&self.tools),
        };
        Ok(vec![
            Message::new(Role::System, self.templates.render(system, given.clone())?),
            Message::new(Role::User, self.templates.render(instance, given)?),
        ])
    }

    /// What an answer asks for.
    pub fn parse(&self, completion: &Completion) -> Result<Parsed, Malformed> {
        let parsed = match self.dialect {
            Dialect::MiniToolCalls => parse::tool_calls::parse(completion),
            Dialect::MiniFenced => parse::fenced::parse(&completion.content),
            Dialect::SweAgentFunctionCalling => parse::function_calling::parse(completion),
            Dialect::SweAgentXml => parse::xml::parse(&completion.content),
            Dialect::SweAgentThoughtAction => parse::thought_action::parse(&completion.content),
        }?;
        if !self.dialect.is_mini() {
            for call in &parsed.calls {
                blocked::check(&call.action)?;
            }
        }
        Ok(parsed)
    }

    /// The message of an answer that was understood.
    pub fn answer(&self, completion: &Completion) -> Message {
        Message {
            tool_calls: if self.dialect.has_tool_calls() {
                completion.tool_calls.clone()
            } else {
                Vec::new()
            },
            ..Message::new(Role::Assistant, completion.content.clone())
        }
    }

    /// What the conversation gains by an answer that was not understood. mini-swe-agent forgets such an answer;
    /// SWE-agent keeps its text, without the calls that nothing answers.
    pub fn reproach(
        &self,
        completion: &Completion,
        malformed: &Malformed,
    ) -> Result<Vec<Message>, TemplateError> {
        let name = match (malformed.fault, self.dialect) {
            (_, Dialect::MiniToolCalls) => "mini-swe-agent/format_error.j2",
            (_, Dialect::MiniFenced) => "mini-swe-agent/format_error_fenced.j2",
            (Fault::Blocked, _) => "swe-agent/blocked.j2",
            (Fault::Syntax, _) => "swe-agent/syntax_error.j2",
            (_, Dialect::SweAgentFunctionCalling) => "swe-agent/format_error_function_calling.j2",
            (_, Dialect::SweAgentXml) => "swe-agent/format_error_xml.j2",
            (_, Dialect::SweAgentThoughtAction) => "swe-agent/format_error_thought_action.j2",
        };
        let text = self.templates.render(
            name,
            context! {
                error => malformed.detail.as_str(),
                exception_message => malformed.detail.as_str(),
                error_code => malformed.fault.code(),
                found => malformed.found,
                finish_reason => completion.finish_reason.as_str(),
                has_tool_calls => !completion.tool_calls.is_empty(),
                action => malformed.detail.as_str(),
                bash_stdout => "",
                bash_stderr => malformed.detail.as_str(),
            },
        )?;
        let mut gained = Vec::new();
        if !self.dialect.is_mini() {
            gained.push(Message::new(Role::Assistant, completion.content.clone()));
        }
        gained.push(Message::new(Role::User, text));
        Ok(gained)
    }

    /// The text of an observation.
    pub fn observation(
        &self,
        action: &Action,
        observation: &Observation,
        command_seconds: u64,
    ) -> Result<String, TemplateError> {
        if self.dialect.is_mini() {
            let output = context! {
                output => observation.output.as_str(),
                returncode => observation.returncode,
                exception_info => observation.exception.clone().unwrap_or_default(),
            };
            return self
                .templates
                .render("mini-swe-agent/observation.j2", context! {output});
        }
        if observation.timed_out {
            let command = match action {
                Action::Bash { command } => command.clone(),
                other => render::shell(other),
            };
            let given = context! {command, timeout => command_seconds};
            return self.templates.render("swe-agent/timeout.j2", given);
        }
        let text = &observation.output;
        if text.trim().is_empty() {
            return self.templates.render("swe-agent/no_output.j2", context! {});
        }
        // Counting characters only matters where there are enough bytes.
        let length = if text.len() > MOST_OBSERVED {
            text.chars().count()
        } else {
            0
        };
        if length > MOST_OBSERVED {
            let given = context! {
                observation => text,
                max_observation_length => MOST_OBSERVED,
                elided_chars => length - MOST_OBSERVED,
            };
            return self.templates.render("swe-agent/truncated.j2", given);
        }
        self.templates
            .render("swe-agent/observation.j2", context! {observation => text})
    }

    /// What the first `submit` is answered with; nothing if the template is empty.
    pub fn submit_review(&self, diff: &str) -> Result<String, TemplateError> {
        self.templates
            .render("swe-agent/submit_review.j2", context! {diff})
    }

    /// What stands in place of an observation that was left out to save context.
    pub fn elided(&self, content: &str) -> Result<String, TemplateError> {
        let lines = content.lines().count();
        self.templates.render("common/elided.j2", context! {lines})
    }

    /// What is told when actions repeat.
    pub fn repeated(&self, period: usize, times: usize) -> Result<String, TemplateError> {
        self.templates
            .render("common/repeated.j2", context! {period, times})
    }

    /// Writes an action in this notation, as a model would. `id` is that of the tool call.
    pub fn write(&self, thought: &str, action: &Action, id: &str) -> Completion {
        render::completion(self.dialect, thought, action, id)
    }
}
