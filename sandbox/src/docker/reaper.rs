//! Removing containers: a sandbox's own at its end, and those that dead processes left.

use std::time::Duration;

use bollard::query_parameters::{
    InspectContainerOptions, ListContainersOptionsBuilder, RemoveContainerOptionsBuilder,
};

use super::engine::{Engine, PATIENCE};
use super::failure::{is_conflict, is_missing};
use super::labels;
use crate::{Error, Result};

/// How often it is asked whether a container that is being removed is gone.
const INTERVAL: Duration = Duration::from_millis(5);

/// Kills and removes a container; comes back when it is gone. One that is gone already is no error.
pub(crate) async fn remove(engine: &Engine, id: &str) -> Result<()> {
    let doing = "removing a container";
    let gone = engine
        .call(doing, async |docker| {
            let options = RemoveContainerOptionsBuilder::new()
                .force(true)
                .v(true)
                .build();
            match docker.remove_container(id, Some(options)).await {
                Ok(()) => Ok(true),
                Err(error) if is_missing(&error) => Ok(true),
                // The engine removes it by itself just now.
                Err(error) if is_conflict(&error) => Ok(false),
                Err(error) => Err(error),
            }
        })
        .await?;
    if gone {
        return Ok(());
    }
    let wait = async {
        while is_there(engine, id).await? {
            tokio::time::sleep(INTERVAL).await;
        }
        Ok(())
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .unwrap_or(Err(Error::Unresponsive(PATIENCE)))
}

async fn is_there(engine: &Engine, id: &str) -> Result<bool> {
    engine
        .call("looking for a container", async |docker| {
            match docker
                .inspect_container(id, None::<InspectContainerOptions>)
                .await
            {
                Ok(_) => Ok(true),
                Err(error) if is_missing(&error) => Ok(false),
                Err(error) => Err(error),
            }
        })
        .await
}

/// Removes the containers whose makers are dead, and nothing else; how many there were.
pub(crate) async fn reap(engine: &Engine) -> Result<usize> {
    let options = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&labels::ours())
        .build();
    let containers = engine
        .call("listing containers", |docker| {
            docker.list_containers(Some(options))
        })
        .await?;
    let mut removed = 0;
    for container in containers {
        let abandoned = labels::is_abandoned(&container.labels.unwrap_or_default());
        if let Some(id) = container.id.filter(|_| abandoned) {
            tracing::info!(container.id = %id, "removing a container that a dead process left");
            remove(engine, &id).await?;
            removed += 1;
        }
    }
    Ok(removed)
}
