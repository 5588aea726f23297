//! Instances: candidates that validation accepted, with all that an export needs.

use std::sync::Arc;

use futures_util::Stream;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};

use crate::candidates::{self, CandidateOutcome, Verdict};
use crate::error::Result;
use crate::tests;
use crate::text::{storable, storable_json};

/// An accepted candidate's task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewInstance {
    /// Ordinals of the tests that the break makes fail; at least one.
    pub fail_to_pass: Vec<i32>,
    /// Ordinals of the tests that pass with and without the break; at least one.
    pub pass_to_pass: Vec<i32>,
    /// What the solver reads.
    pub problem_statement: String,
    /// How the statement was written.
    pub statement_style: String,
    /// How many independent runs agreed on the lists; at least one.
    pub confirmations: u32,
    /// Version, seed, timings: a JSON object.
    pub provenance: Value,
}

/// Accepts a candidate: records the verdict and the instance together. Returns false, and changes nothing, if
/// the candidate was decided before. The lists are stored in the order of their ordinals.
pub async fn accept(
    connection: &mut PgConnection,
    candidate_id: &str,
    instance: &NewInstance,
    evidence: Option<Value>,
) -> Result<bool> {
    let verdict = Verdict {
        outcome: CandidateOutcome::Accepted,
        failure: None,
        evidence,
    };
    if !candidates::decide(connection, candidate_id, &verdict).await? {
        return Ok(false);
    }
    let sorted = |list: &[i32]| {
        let mut list = list.to_vec();
        list.sort_unstable();
        list
    };
    sqlx::query!(
        r#"INSERT INTO instances (candidate_id, fail_to_pass, pass_to_pass, problem_statement, statement_style,
                                  confirmations, provenance)
           VALUES ($1, $2, $3, $4, $5, $6, $7)"#,
        candidate_id,
        &sorted(&instance.fail_to_pass),
        &sorted(&instance.pass_to_pass),
        &storable(&instance.problem_statement),
        instance.statement_style,
        i32::try_from(instance.confirmations).unwrap_or(i32::MAX),
        storable_json(&instance.provenance),
    )
    .execute(connection)
    .await?;
    Ok(true)
}

/// An instance with everything about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// The candidate's id.
    pub id: String,
    /// The account or group of the repository; `pypi` for sdists.
    pub owner: String,
    /// The repository's name.
    pub name: String,
    /// The commit that the break applies to.
    pub commit: String,
    /// The digest of the tree at that commit.
    pub tree: String,
    /// The source, as the user would write it again.
    pub spec: String,
    /// The version of an sdist.
    pub version: Option<String>,
    /// The licence as an SPDX expression, where one was recognised.
    pub licence: Option<String>,
    /// The environment's number in the store.
    pub environment_id: i64,
    /// The environment's digest.
    pub environment: String,
    /// The way in which it breaks.
    pub strategy: String,
    /// The file that it changes.
    pub file: String,
    /// The function, method or class that it changes; empty at module level.
    pub entity: String,
    /// The first line that it changes, from 1.
    pub line: u32,
    /// The break as a unified diff; the fix is its reverse.
    pub patch: String,
    /// The seed under which it was drawn.
    pub seed: u64,
    /// Ids of the tests that the break makes fail, in baseline order.
    pub fail_to_pass: Vec<String>,
    /// Ids of the tests that pass with and without the break, in baseline order.
    pub pass_to_pass: Vec<String>,
    /// What the solver reads.
    pub problem_statement: String,
    /// How the statement was written.
    pub statement_style: String,
    /// How many independent runs agreed on the lists.
    pub confirmations: u32,
    /// Version, seed, timings.
    pub provenance: Value,
}

/// Which instances are wanted; the default is all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceFilter {
    /// Of repositories with this source, this `owner/name` or this name.
    pub repository: Option<String>,
    /// Of this strategy.
    pub strategy: Option<String>,
    /// With at least so many tests in `FAIL_TO_PASS`.
    pub min_f2p: Option<u32>,
    /// With at most so many tests in `FAIL_TO_PASS`.
    pub max_f2p: Option<u32>,
    /// Under one of these SPDX licences.
    pub licences: Option<Vec<String>>,
    /// With one of these ids.
    pub ids: Option<Vec<String>>,
    /// That this source asked for.
    pub source_id: Option<i64>,
}

/// How many instances are read at a time.
const PAGE: i64 = 200;

/// The instances that pass the filter, by id, whatever their number, in constant memory: a page at a time, and
/// the test ids of one environment at a time.
pub fn stream(
    pool: &PgPool,
    filter: InstanceFilter,
) -> impl Stream<Item = Result<Instance>> + Send + use<> {
    let state = Pages {
        pool: pool.clone(),
        filter,
        after: None,
        page: Vec::new().into_iter(),
        finished: false,
        tests: None,
    };
    stream::try_unfold(state, |mut state| async move {
        Ok(state.next().await?.map(|instance| (instance, state)))
    })
}

/// The ids of the instances that pass the filter, in order.
pub async fn ids(pool: &PgPool, filter: &InstanceFilter) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    let mut after = None;
    loop {
        let page = page(pool, filter, after.as_deref()).await?;
        ids.extend(page.iter().map(|row| row.id.clone()));
        match page.last() {
            Some(last) => after = Some(last.id.clone()),
            None => return Ok(ids),
        }
    }
}

/// The instance of this id.
pub async fn get(pool: &PgPool, id: &str) -> Result<Option<Instance>> {
    let filter = InstanceFilter {
        ids: Some(vec![id.to_owned()]),
        ..InstanceFilter::default()
    };
    let Some(row) = page(pool, &filter, None).await?.pop() else {
        return Ok(None);
    };
    let node_ids = tests::node_ids(pool, row.environment_id).await?;
    Ok(Some(row.resolve(&node_ids)))
}

struct Pages {
    pool: PgPool,
    filter: InstanceFilter,
    after: Option<String>,
    page: std::vec::IntoIter<Row>,
    finished: bool,
    tests: Option<(i64, Arc<[String]>)>,
}

impl Pages {
    async fn next(&mut self) -> Result<Option<Instance>> {
        let row = loop {
            if let Some(row) = self.page.next() {
                break row;
            }
            if self.finished {
                return Ok(None);
            }
            let page = page(&self.pool, &self.filter, self.after.as_deref()).await?;
            self.finished = page.is_empty();
            if let Some(last) = page.last() {
                self.after = Some(last.id.clone());
            }
            self.page = page.into_iter();
        };
        let tests = self.tests_of(row.environment_id).await?;
        Ok(Some(row.resolve(&tests)))
    }

    async fn tests_of(&mut self, environment_id: i64) -> Result<Arc<[String]>> {
        if let Some((known, tests)) = &self.tests
            && *known == environment_id
        {
            return Ok(tests.clone());
        }
        let tests: Arc<[String]> = tests::node_ids(&self.pool, environment_id).await?.into();
        self.tests = Some((environment_id, tests.clone()));
        Ok(tests)
    }
}

struct Row {
    id: String,
    owner: String,
    name: String,
    commit: String,
    tree: String,
    spec: String,
    version: Option<String>,
    licence: Option<String>,
    environment_id: i64,
    environment: String,
    strategy: String,
    file: String,
    entity: String,
    line: i32,
    patch: String,
    seed: i64,
    fail_to_pass: Vec<i32>,
    pass_to_pass: Vec<i32>,
    problem_statement: String,
    statement_style: String,
    confirmations: i32,
    provenance: Value,
}

impl Row {
    fn resolve(self, node_ids: &[String]) -> Instance {
        let names = |ordinals: &[i32]| {
            ordinals
                .iter()
                .map(|&ordinal| {
                    let place =
                        usize::try_from(ordinal).expect("the schema has no negative ordinals");
                    node_ids[place].clone()
                })
                .collect()
        };
        Instance {
            fail_to_pass: names(&self.fail_to_pass),
            pass_to_pass: names(&self.pass_to_pass),
            id: self.id,
            owner: self.owner,
            name: self.name,
            commit: self.commit,
            tree: self.tree,
            spec: self.spec,
            version: self.version,
            licence: self.licence,
            environment_id: self.environment_id,
            environment: self.environment,
            strategy: self.strategy,
            file: self.file,
            entity: self.entity,
            line: self.line.unsigned_abs(),
            patch: self.patch,
            seed: self.seed.cast_unsigned(),
            problem_statement: self.problem_statement,
            statement_style: self.statement_style,
            confirmations: self.confirmations.unsigned_abs(),
            provenance: self.provenance,
        }
    }
}

async fn page(pool: &PgPool, filter: &InstanceFilter, after: Option<&str>) -> Result<Vec<Row>> {
    let bound = |limit: Option<u32>| limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX));
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT candidates.id, owner, name, commit, tree, spec, version, licence,
                  environments.id AS environment_id, environments.digest AS environment,
                  strategy, file, entity, line, patch, seed,
                  fail_to_pass, pass_to_pass, problem_statement, statement_style, confirmations, provenance
           FROM instances
           JOIN candidates ON candidates.id = candidate_id
           JOIN environments ON environments.id = environment_id
           JOIN repositories ON repositories.id = repository_id
           WHERE ($1::text IS NULL OR candidate_id > $1)
             AND ($2::text IS NULL OR $2 IN (spec, name, owner || '/' || name))
             AND ($3::text IS NULL OR strategy = $3)
             AND ($4::integer IS NULL OR cardinality(fail_to_pass) >= $4)
             AND ($5::integer IS NULL OR cardinality(fail_to_pass) <= $5)
             AND ($6::text[] IS NULL OR licence = ANY ($6))
             AND ($7::text[] IS NULL OR candidate_id = ANY ($7))
             AND ($8::bigint IS NULL OR EXISTS (
                     SELECT FROM source_candidates AS asked
                     WHERE asked.candidate_id = candidates.id AND asked.source_id = $8))
           ORDER BY candidate_id LIMIT $9"#,
        after,
        filter.repository,
        filter.strategy,
        bound(filter.min_f2p),
        bound(filter.max_f2p),
        filter.licences.as_deref(),
        filter.ids.as_deref(),
        filter.source_id,
        PAGE,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows)
}
