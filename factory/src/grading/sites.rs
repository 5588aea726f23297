//! Finding out, once an environment, whether tripwires can be used in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use swemill_harness::Status;
use swemill_store::grades::{self, TripwireSite};

use super::runs::{Runs, changed_while_running};
use super::tripwire::{self, Told};
use super::{Grader, key};
use crate::failure::StageError;
use crate::machine::Loaded;

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

    /// Runs the untouched suite with tripwires in it: they have to fail, and nothing else may change.
    async fn try_site(&self, loaded: &Loaded) -> Result<Site, StageError> {
        let Some(site) = tripwire::Site::of(&loaded.baseline) else {
            let reason = "no file of the suite is named as pytest names test files";
            return Ok(Site::Unusable(reason.to_owned()));
        };
        let tripwire = site.draw()?;
        let runs = Runs {
            backend: self.machine.backend(),
            loaded,
            limits: &self.machine.settings.test_limits(),
        };
        let (run, changed) = runs.run(&BTreeMap::new(), Some(&tripwire)).await?;
        if let Some(path) = changed {
            return Ok(Site::Unusable(changed_while_running(&path)));
        }
        if !run.ending.is_complete() {
            let reason = format!(
                "with them in it the untouched suite breaks off: {}",
                run.ending
            );
            return Ok(Site::Unusable(reason));
        }
        if let Told::Tampered { reason } = tripwire.judge(&run) {
            let reason = format!("the untouched suite does not run them as it should: {reason}");
            return Ok(Site::Unusable(reason));
        }
        let disturbed = loaded
            .baseline
            .passing()
            .find(|id| run.status(id) != Status::Passed);
        Ok(match disturbed {
            Some(test) => Site::Unusable(format!("with them in it {test} no longer passes")),
            None => Site::Usable(site),
        })
    }
}
