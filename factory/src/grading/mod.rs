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

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
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
use crate::seal::node_id::{file_of, is_doctest};
use crate::seal::view::View;

/// How often a submission is tried where this machine fails.
const ATTEMPTS: usize = 3;

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
        let mut attempt = 1;
        loop {
            match self.try_grade(instance, patch).await {
                Ok(grade) => return grade,
                Err(error) if error.retry && attempt < ATTEMPTS => {
                    tracing::warn!(instance.id = %instance.id, attempt, %error, "graded once more");
                    attempt += 1;
                }
                Err(error) => {
                    return Grade::new(&instance.id, Outcome::Failed, patch)
                        .because(error.failure.class, error.failure.reason);
                }
            }
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
        let judging = instance.fail_to_pass.iter().map(|id| file_of(id));
        let (run, told) = runs.judged(&files, &site, judging).await?;
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
    let lists = [instance.fail_to_pass.clone(), instance.pass_to_pass.clone()].concat();
    let work = move || {
        let breakage = Breakage::of(&loaded, &diff)?;
        let policy = Policy::of(&loaded, &breakage)?;
        let view = loaded.view()?;
        let applied = submission::apply(&text, &policy, &view, &breakage)?;
        let findings = applied
            .as_ref()
            .map(|applied| look_at(&applied.files, &breakage, &view, &lists))
            .unwrap_or_default();
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

/// Audits the files of a submission.
fn look_at(
    files: &BTreeMap<String, Option<(Vec<u8>, bool)>>,
    breakage: &Breakage,
    view: &View,
    lists: &[String],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, file) in files {
        let after = file.as_ref().map_or(&[][..], |(bytes, _)| bytes);
        let after = String::from_utf8_lossy(after);
        let bytes = view.read(path).ok().flatten().unwrap_or_default();
        let original = String::from_utf8_lossy(&bytes);
        let judges = |id: &&String| is_doctest(id) && file_of(id) == path;
        if lists.iter().any(|id| judges(&id)) {
            findings.extend(audit::doctests(path, &original, &after));
        }
        let is_python = Path::new(path)
            .extension()
            .is_some_and(|extension| extension == "py");
        if is_python {
            let broken = breakage.get(path).map_or("", |file| file.broken.as_str());
            findings.extend(audit::audit(path, &format!("{original}\n{broken}"), &after));
        }
    }
    findings
}
