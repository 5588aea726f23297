//! One attempt while it runs: its workspace, its conversation, what it has used.
//!
//! An [`Attempt`] is driven from outside: [`Attempt::query`] is what the policy is to be asked, or [`Attempt::ask`] asks it
//! while the sandbox starts, [`Attempt::act`] carries out what it answered, [`Attempt::add`] takes the step in, until
//! [`Attempt::exit`] says that it is over and [`Attempt::hand_in`] makes a trajectory of it.
//! [`Agent::attempt`](crate::Agent::attempt) does so with an [`Lm`](crate::Lm); whoever has the answers from elsewhere can do
//! it step by step.

mod error;
mod workspace;

use std::sync::Arc;

use crate::conversation::{ContextOptions, Conversation, Elision};
use crate::interface::{Interface, Task};
use crate::limits::{AttemptLimits, Exit, Spent};
use crate::lm::{Completion, Policy, Query};
use crate::message::{Message, Role};
use crate::place::Place;
use crate::repetition::Repetition;
use crate::templates::TemplateError;
use crate::trajectory::{Step, Trajectory};

pub use error::AttemptError;
use workspace::Workspace;

/// What an attempt is bound by, whoever decides in it.
#[derive(Clone, Debug)]
pub struct Rules {
    /// How the policy speaks.
    pub interface: Arc<Interface>,
    /// What the attempt may use.
    pub limits: AttemptLimits,
    /// How much conversation a query has.
    pub context: ContextOptions,
}

/// An attempt at a task, in sandboxes that a place gives. Dropping it ends its sandbox.
pub struct Attempt<P> {
    rules: Rules,
    task: Task,
    workspace: Workspace<P>,
    opening: Vec<Message>,
    conversation: Conversation,
    steps: Vec<Step>,
    elisions: Vec<Elision>,
    spent: Spent,
    repetition: Repetition,
}

impl<P: Place> Attempt<P> {
    /// Opens the conversation. The sandbox starts with what first needs it, or is made [ready](Self::ready) before.
    pub fn begin(rules: Rules, task: Task, place: P) -> Result<Self, AttemptError> {
        let opening = rules.interface.opening(&task)?;
        let workspace = Workspace::new(
            rules.interface.clone(),
            rules.limits.command,
            rules.limits.infra_retries,
            &task.instance_id,
            place,
        );
        Ok(Self {
            workspace,
            rules,
            task,
            conversation: Conversation::new(opening.clone()),
            opening,
            steps: Vec::new(),
            elisions: Vec::new(),
            spent: Spent::default(),
            repetition: Repetition::default(),
        })
    }

    /// Starts the sandbox, if it has not been started.
    pub async fn ready(&mut self) -> Result<(), AttemptError> {
        self.workspace.ready().await
    }

    /// Takes over recorded steps: brings the sandbox to where it was.
    pub async fn resume(&mut self, recorded: Vec<Step>) -> Result<(), AttemptError> {
        for step in recorded {
            self.shorten()?;
            self.workspace.repeat(&step).await?;
            self.add(step);
        }
        Ok(())
    }

    /// How the attempt ends, if it does here.
    pub fn exit(&self) -> Option<Exit> {
        let last = self.steps.last();
        if last.is_some_and(|step| step.submitted().is_some()) {
            return Some(Exit::Submitted);
        }
        if self.repetition.circle().times >= self.rules.limits.repeats {
            return Some(Exit::Repeated);
        }
        self.rules.limits.reached(&self.spent)
    }

    /// What the policy is asked for the next step.
    pub fn query(&mut self) -> Result<Query<'_>, AttemptError> {
        self.shorten()?;
        Ok(query(&self.conversation, &self.rules, self.steps.len()))
    }

    /// Asks the policy for the next step. The sandbox, if there is none yet, starts meanwhile: no answer waits for it.
    pub async fn ask<A>(
        &mut self,
        ask: impl AsyncFnOnce(Query<'_>) -> A,
    ) -> Result<A, AttemptError> {
        self.shorten()?;
        let query = query(&self.conversation, &self.rules, self.steps.len());
        let (answer, ready) = tokio::join!(ask(query), self.workspace.ready());
        ready?;
        Ok(answer)
    }

    /// Carries out what an answer asks for. `lm_seconds` is the time that the answer took.
    pub async fn act(
        &mut self,
        completion: Completion,
        lm_seconds: f64,
    ) -> Result<Step, AttemptError> {
        let mut step = Step {
            index: self.steps.len(),
            completion,
            thought: String::new(),
            malformed: None,
            calls: Vec::new(),
            observations: Vec::new(),
            messages: Vec::new(),
            lm_seconds,
        };
        match self.rules.interface.parse(&step.completion) {
            Err(malformed) => step.malformed = Some(malformed),
            Ok(parsed) => {
                step.thought = parsed.thought;
                step.calls = parsed.calls;
                let done = self.workspace.perform(&step.calls, &self.steps).await?;
                step.observations = done.observations;
                step.malformed = done.malformed;
            }
        }
        step.messages = self.messages(&step)?;
        self.tell_of_repetition(&mut step)?;
        Ok(step)
    }

    /// Takes a completed step into the conversation and the accounts.
    pub fn add(&mut self, step: Step) {
        let spent = &mut self.spent;
        spent.steps += 1;
        spent.usage += step.completion.usage;
        spent.lm_seconds += step.lm_seconds;
        spent.execution_seconds += step.execution_seconds();
        spent.malformed_in_a_row = match step.malformed {
            Some(_) => spent.malformed_in_a_row + 1,
            None => 0,
        };
        for observation in &step.observations {
            spent.timeouts_in_a_row = if observation.timed_out {
                spent.timeouts_in_a_row + 1
            } else {
                0
            };
        }
        self.conversation.add(&step.messages, step.completion.usage);
        self.repetition.note(&step);
        self.steps.push(step);
    }

    /// What it has used so far.
    pub fn spent(&self) -> &Spent {
        &self.spent
    }

    /// What binds it.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Takes the patch and ends the sandbox. The trajectory says whose decisions it shows.
    pub async fn hand_in(
        mut self,
        exit: Exit,
        model: &str,
        policy: Policy,
    ) -> Result<Trajectory, AttemptError> {
        let patch = self.workspace.patch(&self.steps).await?;
        self.workspace.close().await?;
        let interface = &self.rules.interface;
        Ok(Trajectory {
            task: self.task,
            model: model.to_owned(),
            policy,
            dialect: interface.dialect(),
            root: interface.root().to_owned(),
            templates: interface.templates_digest().to_owned(),
            tools: interface.schemas().to_vec(),
            opening: self.opening,
            steps: self.steps,
            elisions: self.elisions,
            exit,
            spent: self.spent,
            patch,
            resolved: None,
        })
    }

    /// Ends the sandbox; nothing is handed in.
    pub async fn abandon(self) -> Result<(), AttemptError> {
        self.workspace.close().await
    }

    fn shorten(&mut self) -> Result<(), AttemptError> {
        let Rules {
            interface, context, ..
        } = &self.rules;
        let elision = self.conversation.shorten(context, interface)?;
        self.elisions.extend(elision);
        Ok(())
    }

    /// What the conversation gains by a step.
    fn messages(&self, step: &Step) -> Result<Vec<Message>, TemplateError> {
        let interface = &self.rules.interface;
        if let Some(malformed) = &step.malformed {
            return interface.reproach(&step.completion, malformed);
        }
        let mut gained = vec![interface.answer(&step.completion)];
        let seconds = self.rules.limits.command.as_secs();
        for (call, observation) in step.calls.iter().zip(&step.observations) {
            if observation.submitted.is_some() {
                break;
            }
            let text = interface.observation(&call.action, observation, seconds)?;
            gained.push(match &call.id {
                Some(id) => Message::tool(id, text),
                None => Message::new(Role::User, text),
            });
        }
        Ok(gained)
    }

    /// Adds a note to the last observation of a step that goes in a circle.
    fn tell_of_repetition(&mut self, step: &mut Step) -> Result<(), TemplateError> {
        let mut repetition = self.repetition.clone();
        repetition.note(step);
        let circle = repetition.circle();
        let Rules {
            interface, limits, ..
        } = &self.rules;
        if step.submitted().is_none() && circle.times >= limits.repeats_told {
            let note = interface.repeated(circle.period, circle.times)?;
            if let Some(message) = step.messages.last_mut() {
                message.content += "\n";
                message.content += &note;
            }
        }
        Ok(())
    }
}

fn query<'a>(conversation: &'a Conversation, rules: &'a Rules, step: usize) -> Query<'a> {
    Query {
        messages: conversation.messages(),
        tools: rules.interface.offered_tools(),
        step,
        max_tokens: rules.limits.answer_tokens,
    }
}
