//! Finding out, once an environment, whether tripwires can be used in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use swemill_harness::{Status, TestRun};
use swemill_store::grades::{self, TripwireSite};

use super::runs::{Runs, changed_while_running};
use super::tripwire::{self, Tripwires};
use super::{Grader, key};
use crate::failure::StageError;
use crate::machine::Loaded;
use crate::seal::node_id::file_of;

/// Where tripwires go, or why they do not.
#[derive(Clone, Debug)]
pub(super) enum Site {
    /// Here.
    Usable(tripwire::Site),
    /// Nowhere, for this reason.
    Unusable(String),
}

impl Grader<'_> {
    /// What is known of tripwires in an environment; tried on the untouched repository where nothing is.
    pub(super) async fn site(
        &self,
        environment_id: i64,
        loaded: &Arc<Loaded>,
    ) -> Result<Site, StageError> {
        let cell = self
            .sites
            .lock()
            .await
            .entry(environment_id)
            .or_default()
            .clone();
        let site = cell.get_or_try_init(|| self.find_site(environment_id, loaded));
        Ok(site.await?.clone())
    }

    async fn find_site(&self, environment_id: i64, loaded: &Loaded) -> Result<Site, StageError> {
        let harness = key::harness();
        let pool = self.machine.pool();
        match grades::tripwire_site(pool, environment_id, &harness).await? {
            Some(TripwireSite::Unusable(reason)) => return Ok(Site::Unusable(reason)),
            Some(TripwireSite::Usable(site)) => {
                if let Ok(site) = serde_json::from_value(site) {
                    return Ok(Site::Usable(site));
                }
            }
            None => {}
        }
        let site = self.try_site(loaded).await?;
        let stored = match &site {
            Site::Usable(site) => TripwireSite::Usable(serde_json::json!(site)),
            Site::Unusable(reason) => TripwireSite::Unusable(reason.clone()),
        };
        grades::put_tripwire_site(pool, environment_id, &harness, &stored).await?;
        Ok(site)
    }

    /// Runs the untouched suite with tripwires in it: they have to fail, and nothing else may change. Files of the
    /// suite in which that is not so get none, until it is so.
    async fn try_site(&self, loaded: &Loaded) -> Result<Site, StageError> {
        let Some(mut site) = tripwire::Site::of(&loaded.baseline) else {
            let reason = "no file of the suite is named as pytest names test files";
            return Ok(Site::Unusable(reason.to_owned()));
        };
        let view = loaded.view()?;
        let runs = Runs {
            backend: self.machine.backend(),
            loaded,
            limits: &self.machine.settings.test_limits(),
        };
        for attempt in 1..=TRIES {
            if attempt == TRIES {
                site.files.clear();
            }
            let tripwires = site.draw_everywhere(&view)?;
            let (run, changed) = runs.run(&BTreeMap::new(), Some(&tripwires)).await?;
            if let Some(path) = changed {
                return Ok(Site::Unusable(changed_while_running(&path)));
            }
            let (files, reason) = trouble(loaded, &tripwires, &run);
            let Some(reason) = reason else {
                return Ok(Site::Usable(site));
            };
            if site.files.is_empty() || files.contains(FILE_OF_THEIR_OWN) {
                return Ok(Site::Unusable(reason));
            }
            let before = site.files.len();
            site.files.retain(|file| !files.contains(file.as_str()));
            if site.files.len() == before {
                site.files.clear();
            }
        }
        let reason = "the untouched suite never ran as before with them in it";
        Ok(Site::Unusable(reason.to_owned()))
    }
}

/// Runs that may be spent on finding out.
const TRIES: usize = 4;
/// Stands for the file that is written for tripwires only.
const FILE_OF_THEIR_OWN: &str = "";

/// Files in which something is not as it was, and the first such thing.
fn trouble(
    loaded: &Loaded,
    tripwires: &Tripwires,
    run: &TestRun,
) -> (BTreeSet<String>, Option<String>) {
    let mut files = BTreeSet::new();
    let mut first = None;
    if !run.ending.is_complete() {
        let reason = format!(
            "with them in it the untouched suite breaks off: {}",
            run.ending
        );
        files.extend(run.ending.during().map(|id| file_of(id).to_owned()));
        return (files, Some(reason));
    }
    for id in loaded.baseline.passing() {
        if run.status(id) != Status::Passed {
            files.insert(file_of(id).to_owned());
            first.get_or_insert_with(|| format!("with them in it {id} no longer passes"));
        }
    }
    let known: BTreeSet<&str> = loaded.baseline.passing().map(file_of).collect();
    for (id, status) in tripwires.wrong(run) {
        let file = Some(file_of(id)).filter(|file| known.contains(file));
        files.insert(file.unwrap_or(FILE_OF_THEIR_OWN).to_owned());
        first.get_or_insert_with(|| {
            format!("in the untouched suite {id}, which cannot pass, is {status}")
        });
    }
    (files, first)
}
