//! `GET /v1/instances`: what there is to attempt.

use axum::Json;
use axum::extract::{Path, State};
use futures_util::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use swemill_store::instances::{self, Instance, InstanceFilter};
use utoipa::{IntoParams, ToSchema};

use super::refusals::Refusals;
use crate::episodes::EpisodeError;
use crate::serve::ApiError;
use crate::serve::body::Asked;
use crate::serve::state::Served;

/// The most instances of one answer.
const MOST: usize = 1000;

/// Which instances are meant.
#[derive(Debug, Default, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(in crate::serve) struct InstanceQuery {
    /// Only of this source, owner/name or name
    repository: Option<String>,
    /// Only of this strategy
    strategy: Option<String>,
    /// Only with at least so many tests in `FAIL_TO_PASS`
    min_f2p: Option<u32>,
    /// Only with at most so many tests in `FAIL_TO_PASS`
    max_f2p: Option<u32>,
    /// At most so many, by id (100; 1000 at most)
    limit: Option<usize>,
    /// Only those whose id comes after this one: the last of the answer before
    after: Option<String>,
}

/// Instances, by id.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct InstanceList {
    instances: Vec<InstanceTold>,
    /// How many pass the filter in all
    total: usize,
}

/// An instance, without what would tell its repair.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct InstanceTold {
    /// Its id
    instance_id: String,
    /// The source of its repository
    repository: String,
    /// How it was broken
    strategy: String,
    /// The licence of its repository as an SPDX expression, where one was recognised
    license: Option<String>,
    /// How many tests the repair has to make pass
    fail_to_pass: usize,
    /// How many tests have to go on passing
    pass_to_pass: usize,
    /// What the policy reads
    problem_statement: String,
}

/// List instances
#[utoipa::path(get, path = "/v1/instances", operation_id = "list_instances", tag = "instances", params(InstanceQuery),
    responses((status = 200, description = "The instances", body = InstanceList), Refusals))]
pub(in crate::serve) async fn list(
    State(served): State<Served>,
    Asked(query): Asked<InstanceQuery>,
) -> Result<Json<InstanceList>, ApiError> {
    let limit = query.limit.unwrap_or(100);
    if limit > MOST {
        let message = format!("`limit` is at most {MOST}; `after` goes on from there");
        return Err(ApiError::invalid("limit", message));
    }
    let pool = served.episodes.machine().pool();
    let after = query.after.clone();
    let mut ids = instances::ids(pool, &query.into_filter()).await?;
    let total = ids.len();
    ids.retain(|id| after.as_ref().is_none_or(|after| id > after));
    ids.truncate(limit);
    let filter = InstanceFilter {
        ids: Some(ids),
        ..InstanceFilter::default()
    };
    let found = instances::stream(pool, filter).map_ok(InstanceTold::from);
    let instances = found.try_collect().await?;
    Ok(Json(InstanceList { instances, total }))
}

/// Show an instance
#[utoipa::path(get, path = "/v1/instances/{instance_id}", operation_id = "show_instance", tag = "instances",
    params(("instance_id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The instance", body = InstanceTold), Refusals))]
pub(in crate::serve) async fn show(
    State(served): State<Served>,
    Path(instance_id): Path<String>,
) -> Result<Json<InstanceTold>, ApiError> {
    let pool = served.episodes.machine().pool();
    let found = instances::get(pool, &instance_id).await?;
    let found = found.ok_or(EpisodeError::UnknownInstance { instance_id })?;
    Ok(Json(found.into()))
}

impl InstanceQuery {
    fn into_filter(self) -> InstanceFilter {
        InstanceFilter {
            repository: self.repository,
            strategy: self.strategy,
            min_f2p: self.min_f2p,
            max_f2p: self.max_f2p,
            ..InstanceFilter::default()
        }
    }
}

impl From<Instance> for InstanceTold {
    fn from(instance: Instance) -> Self {
        Self {
            instance_id: instance.id,
            repository: instance.spec,
            strategy: instance.strategy,
            license: instance.licence,
            fail_to_pass: instance.fail_to_pass.len(),
            pass_to_pass: instance.pass_to_pass.len(),
            problem_statement: instance.problem_statement,
        }
    }
}
