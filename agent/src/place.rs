//! Where an attempt happens: something that gives fresh sandboxes of one broken repository.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use swemill_sandbox::{Backend, Environment, Limits, Sandbox};

use crate::patch::Untouched;

/// Gives sandboxes that are all alike: one to work in, others to compare with or to begin again in.
#[async_trait]
pub trait Place: Debug + Send + Sync {
    /// Starts a fresh one.
    async fn start(&self) -> swemill_sandbox::Result<Box<dyn Sandbox>>;

    /// What is known of its repository, kept for all attempts; none where each has to find out for itself.
    fn untouched(&self) -> Option<&Untouched> {
        None
    }
}

#[async_trait]
impl<P: Place + ?Sized> Place for &P {
    async fn start(&self) -> swemill_sandbox::Result<Box<dyn Sandbox>> {
        (**self).start().await
    }

    fn untouched(&self) -> Option<&Untouched> {
        (**self).untouched()
    }
}

/// A prepared environment of a backend.
#[derive(Clone, Debug)]
pub struct SandboxPlace {
    /// What starts sandboxes.
    pub backend: Arc<dyn Backend>,
    /// What they are made of.
    pub environment: Environment,
    /// What each may use.
    pub limits: Limits,
}

#[async_trait]
impl Place for SandboxPlace {
    async fn start(&self) -> swemill_sandbox::Result<Box<dyn Sandbox>> {
        self.backend.start(&self.environment, &self.limits).await
    }
}
