//! One attempt while it runs: its sandbox, its conversation, what it has used.

use std::time::Instant;

use swemill_sandbox::Sandbox;

use crate::action::{Call, Observation};
use crate::agent::Agent;
use crate::conversation::{Conversation, Elision};
use crate::hands::{Bench, Hands};
use crate::interface::Task;
use crate::limits::{Exit, Spent};
use crate::lm::{Completion, LmError, Query};
use crate::message::{Message, Role};
use crate::observer::ObserverError;
use crate::parse::Malformed;
use crate::patch::{self, PatchError};
use crate::place::Place;
use crate::repetition::Repetition;
use crate::templates::TemplateError;
use crate::trajectory::{Step, Trajectory};

/// The machinery failed under an attempt. What was completed can be resumed; nothing is billed to the agent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttemptError {
    /// The model did not answer.
    #[error(transparent)]
    Lm(#[from] LmError),
    /// Sandboxes failed, again and again.
    #[error("the attempt's sandbox failed: {0}")]
    Sandbox(#[from] swemill_sandbox::Error),
    /// A template cannot be used.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The patch could not be taken.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// The steps could not be kept.
    #[error("the attempt's step could not be kept: {0}")]
    Observer(#[source] ObserverError),
    /// Recorded actions did not do the same again.
    #[error(
        "step {step} does not repeat: its action ended with {now} instead of {then}; the attempt has to begin anew"
    )]
    Diverged {
        /// The step, from 0.
        step: usize,
        /// The exit status that was recorded.
        then: i32,
        /// That of this time.
        now: i32,
    },
}

pub(crate) struct Attempt<'a> {
    agent: &'a Agent,
    task: &'a Task,
    place: &'a dyn Place,
    sandbox: Box<dyn Sandbox>,
    hands: Hands,
    opening: Vec<Message>,
    conversation: Conversation,
    steps: Vec<Step>,
    elisions: Vec<Elision>,
    spent: Spent,
    repetition: Repetition,
    sandboxes_left: u32,
}

/// What became of an answer's actions.
struct Done {
    observations: Vec<Observation>,
    malformed: Option<Malformed>,
}

impl<'a> Attempt<'a> {
    pub(crate) async fn begin(
        agent: &'a Agent,
        task: &'a Task,
        place: &'a dyn Place,
    ) -> Result<Self, AttemptError> {
        let opening = agent.interface.opening(task)?;
        Ok(Self {
            agent,
            task,
            place,
            sandbox: place.start().await?,
            hands: Hands::default(),
            conversation: Conversation::new(opening.clone()),
            opening,
            steps: Vec::new(),
            elisions: Vec::new(),
            spent: Spent::default(),
            repetition: Repetition::default(),
            sandboxes_left: agent.limits.infra_retries,
        })
    }

    /// Takes over recorded steps: brings the sandbox to where it was.
    pub(crate) async fn resume(&mut self, recorded: Vec<Step>) -> Result<(), AttemptError> {
        for step in recorded {
            self.shorten()?;
            self.repeat(&step).await?;
            self.add(step);
        }
        Ok(())
    }

    /// How the attempt ends, if it does here.
    pub(crate) fn exit(&self) -> Option<Exit> {
        let last = self.steps.last();
        if last.is_some_and(|step| step.submitted().is_some()) {
            return Some(Exit::Submitted);
        }
        if self.repetition.circle().times >= self.agent.limits.repeats {
            return Some(Exit::Repeated);
        }
        self.agent.limits.reached(&self.spent)
    }

    /// Asks the model for the next step. Failures that pass are tried again; their time is not counted.
    pub(crate) async fn ask(&mut self) -> Result<(Completion, f64), AttemptError> {
        self.shorten()?;
        let mut retries = self.agent.limits.infra_retries;
        loop {
            let query = Query {
                messages: self.conversation.messages(),
                tools: self.agent.interface.offered_tools(),
                step: self.steps.len(),
                max_tokens: self.agent.limits.answer_tokens,
            };
            let begun = Instant::now();
            match self.agent.lm.complete(query).await {
                Ok(completion) => {
                    let seconds = completion.seconds;
                    let seconds = seconds.unwrap_or_else(|| begun.elapsed().as_secs_f64());
                    return Ok((completion, seconds));
                }
                Err(error) if error.is_passing() && retries > 0 => {
                    retries -= 1;
                    tracing::warn!(instance.id = %self.task.instance_id, %error, "asking the model again");
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Carries out what an answer asks for.
    pub(crate) async fn act(
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
        match self.agent.interface.parse(&step.completion) {
            Err(malformed) => step.malformed = Some(malformed),
            Ok(parsed) => {
                step.thought = parsed.thought;
                step.calls = parsed.calls;
                let done = self.perform_steadily(&step.calls).await?;
                step.observations = done.observations;
                step.malformed = done.malformed;
            }
        }
        step.messages = self.messages(&step)?;
        self.tell_of_repetition(&mut step)?;
        Ok(step)
    }

    /// Takes a completed step into the conversation and the accounts.
    pub(crate) fn add(&mut self, step: Step) {
        let spent = &mut self.spent;
        spent.steps += 1;
        spent.usage += step.completion.usage;
        spent.lm_seconds += step.lm_seconds;
        let observations = step.observations.iter();
        spent.execution_seconds += observations
            .map(|observation| observation.seconds)
            .sum::<f64>();
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

    /// Takes the patch and ends the sandbox.
    pub(crate) async fn hand_in(mut self, exit: Exit) -> Result<Trajectory, AttemptError> {
        let interface = &self.agent.interface;
        let root = interface.root();
        let patch = match self.hands.handed_in() {
            Some(patch) => patch,
            None => match patch::of(self.sandbox.as_ref(), self.place, root).await {
                Err(PatchError::Sandbox(error)) => {
                    self.begin_anew(&error).await?;
                    patch::of(self.sandbox.as_ref(), self.place, root).await?
                }
                patch => patch?,
            },
        };
        self.sandbox.stop().await?;
        Ok(Trajectory {
            task: self.task.clone(),
            model: self.agent.lm.name().to_owned(),
            policy: self.agent.lm.policy(),
            dialect: interface.dialect(),
            root: root.to_owned(),
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

    fn shorten(&mut self) -> Result<(), AttemptError> {
        let agent = self.agent;
        let elision = self
            .conversation
            .shorten(&agent.context, &agent.interface)?;
        self.elisions.extend(elision);
        Ok(())
    }

    /// Carries out actions; when the sandbox ends under them, in a new one in which all earlier ones were repeated.
    async fn perform_steadily(&mut self, calls: &[Call]) -> Result<Done, AttemptError> {
        loop {
            match self.perform(calls).await {
                Err(AttemptError::Sandbox(error)) => self.begin_anew(&error).await?,
                done => return done,
            }
        }
    }

    async fn perform(&mut self, calls: &[Call]) -> Result<Done, AttemptError> {
        let bench = Bench {
            interface: &self.agent.interface,
            sandbox: self.sandbox.as_ref(),
            place: self.place,
            command_limit: self.agent.limits.command,
        };
        let mut done = Done {
            observations: Vec::with_capacity(calls.len()),
            malformed: None,
        };
        for call in calls {
            match self.hands.perform(&bench, &call.action).await? {
                Err(malformed) => done.malformed = Some(malformed),
                Ok(observation) => done.observations.push(observation),
            }
            let last = done.observations.last();
            let is_over = last.is_some_and(|observation| observation.submitted.is_some());
            if is_over || done.malformed.is_some() {
                break;
            }
        }
        Ok(done)
    }

    /// Starts another sandbox and repeats all completed steps in it.
    async fn begin_anew(&mut self, error: &swemill_sandbox::Error) -> Result<(), AttemptError> {
        let Some(left) = self.sandboxes_left.checked_sub(1) else {
            let reason = format!("it was replaced as often as is allowed; at last: {error}");
            return Err(swemill_sandbox::Error::Gone(reason).into());
        };
        self.sandboxes_left = left;
        tracing::warn!(instance.id = %self.task.instance_id, %error, "beginning anew in another sandbox");
        self.sandbox = self.place.start().await?;
        self.hands = Hands::default();
        let steps = std::mem::take(&mut self.steps);
        let mut outcome = Ok(());
        for step in &steps {
            outcome = self.repeat(step).await;
            if outcome.is_err() {
                break;
            }
        }
        self.steps = steps;
        outcome
    }

    /// Carries out a completed step's actions again. What they print may differ, how they end may not.
    async fn repeat(&mut self, step: &Step) -> Result<(), AttemptError> {
        let calls = &step.calls[..step.observations.len().min(step.calls.len())];
        let done = self.perform(calls).await?;
        for (then, now) in step.observations.iter().zip(&done.observations) {
            if then.returncode != now.returncode {
                return Err(AttemptError::Diverged {
                    step: step.index,
                    then: then.returncode,
                    now: now.returncode,
                });
            }
        }
        Ok(())
    }

    /// What the conversation gains by a step.
    fn messages(&self, step: &Step) -> Result<Vec<Message>, AttemptError> {
        let interface = &self.agent.interface;
        if let Some(malformed) = &step.malformed {
            return Ok(interface.reproach(&step.completion, malformed)?);
        }
        let mut gained = vec![interface.answer(&step.completion)];
        let seconds = self.agent.limits.command.as_secs();
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
    fn tell_of_repetition(&mut self, step: &mut Step) -> Result<(), AttemptError> {
        let mut repetition = self.repetition.clone();
        repetition.note(step);
        let circle = repetition.circle();
        if step.submitted().is_none() && circle.times >= self.agent.limits.repeats_told {
            let note = self.agent.interface.repeated(circle.period, circle.times)?;
            if let Some(message) = step.messages.last_mut() {
                message.content += "\n";
                message.content += &note;
            }
        }
        Ok(())
    }
}
