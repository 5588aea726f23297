//! Grading what agents submit: in a fresh place, by the hidden tests, decided outside of it.
//!
//! [`predictions`] reads what was submitted, [`diff`] reads and applies patches in memory, [`policy`] says which
//! files a submission may change, [`submission`] brings both together, [`tripwire`] and [`audit`] look for lies,
//! [`Grader`] runs the tests, [`grade`] decides, [`report`] writes SWE-bench's reports. docs/GRADING.md tells what
//! all this withstands and what not.

pub mod audit;
pub mod diff;
pub mod grade;
mod key;
pub mod policy;
pub mod predictions;
pub mod report;
mod runs;
mod sites;
pub mod submission;
pub mod tripwire;
mod unchanged;

use std::collections::HashMap;
use std::sync::Arc;

use swemill_mutation::patch;
use swemill_store::instances::Instance;
use swemill_store::{FailureClass, grades};
use tokio::sync::{Mutex, OnceCell};

use self::audit::Finding;
use self::grade::{Grade, Outcome};
use self::policy::Policy;
use self::sites::Site;
use self::submission::{Applied, Inapplicable};
use crate::breakage::Breakage;
use crate::failure::StageError;
use crate::machine::{Loaded, Machine};

/// Grades submissions on this machine.
pub struct Grader<'m> {
    machine: &'m Machine,
    /// Whether grades that are known from before are taken.
    remembers: bool,
    sites: Mutex<HashMap<i64, Arc<OnceCell<Site>>>>,
}

/// A submission that was read and looked at, before anything runs.
struct Prepared {
    breakage: Breakage,
    applied: Result<Applied, Inapplicable>,
    findings: Vec<Finding>,
}

impl<'m> Grader<'m> {
    /// A grader that takes grades known from before, or not.
    pub fn new(machine: &'m Machine, remembers: bool) -> Self {
        Self {
            machine,
            remembers,
            sites: Mutex::default(),
        }
    }

    /// Grades a submission. What keeps it from being judged is a grade as well: [`Outcome::Failed`].
    pub async fn grade(&self, instance: &Instance, patch: Option<&str>) -> Grade {
        match self.try_grade(instance, patch).await {
            Ok(grade) => grade,
            Err(error) => Grade::new(&instance.id, Outcome::Failed, patch)
                .because(error.failure.class, error.failure.reason),
        }
    }

    async fn try_grade(
        &self,
        instance: &Instance,
        patch: Option<&str>,
    ) -> Result<Grade, StageError> {
        let Some(text) = patch.filter(|text| !text.trim().is_empty()) else {
            return Ok(Grade::new(&instance.id, Outcome::Empty, patch));
        };
        let key = key::of(instance, text);
        if self.remembers
            && let Some(known) = grades::get(self.machine.pool(), &key).await?
            // What an older version wrote in another shape is measured again.
            && let Ok(grade) = serde_json::from_value::<Grade>(known)
        {
            return Ok(Grade {
                cached: true,
                ..grade
            });
        }
        let grade = self.measure(instance, text).await?;
        if grade.is_lasting() {
            let stored = serde_json::json!(grade);
            grades::put(self.machine.pool(), &key, &instance.id, &stored).await?;
        }
        Ok(grade)
    }

    async fn measure(&self, instance: &Instance, text: &str) -> Result<Grade, StageError> {
        let loaded = self.machine.environment(instance.environment_id).await?;
        let prepared = prepare(&loaded, instance, text).await?;
        let mut grade = Grade::new(&instance.id, Outcome::Unresolved, Some(text));
        let applied = match prepared.applied {
            Ok(applied) => applied,
            Err(error) => {
                grade.outcome = Outcome::NotApplied;
                return Ok(grade.because(FailureClass::Agent, error.to_string()));
            }
        };
        let site = self.site(instance.environment_id, &loaded).await?;
        let runs = runs::Runs {
            backend: self.machine.backend(),
            loaded: &loaded,
            limits: &self.machine.settings.test_limits(),
        };
        let mut files = prepared.breakage.files_with_rights();
        files.extend(applied.files);
        let (run, told) = runs.judged(&files, &site).await?;
        grade.refused = applied.refused;
        grade.audit = prepared.findings;
        Ok(grade.judge(instance, &run, told))
    }
}

/// The patch that takes an instance's break back.
pub fn gold(instance: &Instance) -> Result<String, StageError> {
    patch::reverse(&instance.patch).map_err(|error| StageError::grader(error.to_string()))
}

/// Reads, applies and audits a submission, in memory and on a thread of its own: the text may be large.
async fn prepare(
    loaded: &Arc<Loaded>,
    instance: &Instance,
    text: &str,
) -> Result<Prepared, StageError> {
    let (loaded, diff, text) = (loaded.clone(), instance.patch.clone(), text.to_owned());
    let work = move || {
        let breakage = Breakage::of(&loaded, &diff)?;
        let policy = Policy::of(&loaded, &breakage)?;
        let view = loaded.view()?;
        let applied = submission::apply(&text, &policy, &view, &breakage)?;
        let mut findings = Vec::new();
        for (path, file) in applied.iter().flat_map(|applied| &applied.files) {
            let Some((bytes, _)) = file.as_ref().filter(|_| path.ends_with(".py")) else {
                continue;
            };
            let before = match breakage.get(path) {
                Some(file) => format!("{}\n{}", file.original, file.broken),
                None => {
                    let bytes = view.read(path).ok().flatten().unwrap_or_default();
                    String::from_utf8_lossy(&bytes).into_owned()
                }
            };
            findings.extend(audit::audit(path, &before, &String::from_utf8_lossy(bytes)));
        }
        Ok(Prepared {
            breakage,
            applied,
            findings,
        })
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| StageError::grader(format!("reading the patch broke off: {error}")))?
}
