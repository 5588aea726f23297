//! The door to the engine.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread::JoinHandle,
};

use tokio::sync::mpsc::{Receiver, channel};

use super::{
    Done, Event, Metrics, Model, Request, RequestError, Settings, Token, Vocabulary,
    scheduler::Scheduler,
    sequence::Sequence,
    worker::{Message, Worker},
};

/// A running engine. Clones share it; when the last is dropped, what runs is finished and the thread ends.
#[derive(Debug, Clone)]
pub struct Engine {
    inbox: mpsc::Sender<Message>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    settings: Settings,
    vocabulary: Arc<Vocabulary>,
    metrics: Arc<Metrics>,
    /// Logits of a row: tokens that the model knows.
    tokens: usize,
    /// Tokens that a sequence may have at most.
    context: usize,
    arrivals: AtomicU64,
    closing: AtomicBool,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Engine {
    /// Starts the engine's thread.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn start(
        model: Box<dyn Model>,
        vocabulary: Arc<Vocabulary>,
        settings: Settings,
    ) -> std::io::Result<Self> {
        let settings = settings.sound();
        let metrics = Arc::new(Metrics::default());
        // A block is left over for the copy that a wholly known prompt needs.
        let room = settings.blocks.saturating_sub(1).max(1) * settings.block_tokens;
        let (inbox, outbox) = mpsc::channel();
        let shared = Arc::new(Shared {
            tokens: model.vocabulary(),
            context: model.context().min(room),
            vocabulary: Arc::clone(&vocabulary),
            metrics: Arc::clone(&metrics),
            settings: settings.clone(),
            arrivals: AtomicU64::new(0),
            closing: AtomicBool::new(false),
            thread: Mutex::new(None),
        });
        let worker = Worker {
            model,
            vocabulary,
            scheduler: Scheduler::new(settings, metrics),
            inbox: outbox,
        };
        let thread = std::thread::Builder::new()
            .name("engine".into())
            .spawn(move || worker.run())?;
        *shared.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(Self { inbox, shared })
    }

    /// Lets a request wait for its turn and returns its answer as it comes. Dropping the answer cancels the request.
    pub fn submit(&self, request: Request) -> Result<Answer, RequestError> {
        let shared = &self.shared;
        self.check(&request)?;
        if shared.closing.load(Ordering::Acquire) {
            return Err(RequestError::ShuttingDown);
        }
        shared
            .metrics
            .try_wait(shared.settings.queue)
            .map_err(|waiting| {
                shared.metrics.refused.add(1);
                RequestError::QueueFull { waiting }
            })?;
        let (events, answer) = channel(shared.settings.channel);
        let arrival = shared.arrivals.fetch_add(1, Ordering::Relaxed);
        let Settings {
            block_tokens,
            guesses,
            prefix_cache,
            ..
        } = shared.settings;
        let chained = if prefix_cache {
            block_tokens
        } else {
            usize::MAX
        };
        let sequence = Sequence::new(request, arrival, events, shared.context, chained, guesses);
        self.inbox
            .send(Message::Add(Box::new(sequence)))
            .map_err(|_| {
                shared.metrics.wait_less();
                RequestError::ShuttingDown
            })?;
        Ok(Answer { events: answer })
    }

    fn check(&self, request: &Request) -> Result<(), RequestError> {
        let Shared {
            tokens: vocabulary,
            context,
            ..
        } = *self.shared;
        let prompt = request.prompt.len();
        if prompt == 0 {
            return Err(RequestError::EmptyPrompt);
        }
        if prompt >= context {
            return Err(RequestError::ContextLength { prompt, context });
        }
        if let Some(&token) = request
            .prompt
            .iter()
            .find(|&&token| token as usize >= vocabulary)
        {
            return Err(RequestError::UnknownToken { token, vocabulary });
        }
        Ok(request.sampling.check(vocabulary)?)
    }

    /// What the engine does and has done.
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Tokens that a prompt and its answer may have together.
    pub fn context(&self) -> usize {
        self.shared.context
    }

    /// The bytes of the model's tokens.
    pub fn vocabulary(&self) -> &Arc<Vocabulary> {
        &self.shared.vocabulary
    }

    /// Takes no more requests; those that are there are finished.
    pub fn close(&self) {
        self.shared.closing.store(true, Ordering::Release);
        // Without a receiver the thread has ended already.
        let _ = self.inbox.send(Message::Close);
    }

    /// Closes the engine and waits until everything is answered. Blocks the calling thread.
    pub fn join(&self) {
        self.close();
        let thread = self
            .shared
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the engine's thread panicked");
        }
    }
}

/// The events of one request. Dropping it cancels the request.
#[derive(Debug)]
pub struct Answer {
    events: Receiver<Event>,
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The tokens, the end included.
    pub tokens: Vec<Token>,
    /// Their text.
    pub text: String,
    /// How it ended.
    pub done: Done,
}

impl Answer {
    /// The next event; `None` after the last.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// Lets a stream be made of the events.
    pub fn poll_next(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Event>> {
        self.events.poll_recv(context)
    }

    /// Waits for the end of the answer.
    pub async fn collect(mut self) -> Result<Outcome, RequestError> {
        let mut gathered = Gathered::default();
        while let Some(event) = self.next().await {
            if let Some(outcome) = gathered.add(event) {
                return outcome;
            }
        }
        Err(lost())
    }

    /// Waits for the end of the answer on a thread that may block (not one of an asynchronous runtime).
    pub fn wait(mut self) -> Result<Outcome, RequestError> {
        let mut gathered = Gathered::default();
        while let Some(event) = self.events.blocking_recv() {
            if let Some(outcome) = gathered.add(event) {
                return outcome;
            }
        }
        Err(lost())
    }
}

#[derive(Default)]
struct Gathered {
    tokens: Vec<Token>,
    text: String,
}

impl Gathered {
    fn add(&mut self, event: Event) -> Option<Result<Outcome, RequestError>> {
        match event {
            Event::Token(token) => {
                self.text.push_str(&token.text);
                self.tokens.push(token);
                None
            }
            Event::Done(done) => {
                self.text.push_str(&done.text);
                let Self { tokens, text } = std::mem::take(self);
                Some(Ok(Outcome { tokens, text, done }))
            }
            Event::Failed(error) => Some(Err(error)),
        }
    }
}

fn lost() -> RequestError {
    RequestError::Model("the engine gave the request up without a last word".into())
}
