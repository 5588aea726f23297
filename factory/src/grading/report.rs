//! SWE-bench's reports: one an instance, and one a run.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};
use swemill_store::FailureClass;

use super::grade::{Grade, Outcome, Patch};

/// SWE-bench's run report, schema version 2, with what its version 5 tells of failures of the machine
/// (`swebench/harness/reporting.py`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RunReport {
    /// Instances of the data set.
    pub total_instances: usize,
    /// Instances with a prediction.
    pub submitted_instances: usize,
    /// Those whose tests ran.
    pub completed_instances: usize,
    /// Those that were resolved.
    pub resolved_instances: usize,
    /// Those whose tests ran and that were not resolved.
    pub unresolved_instances: usize,
    /// Those that failed because of the machine or the environment, by our classes.
    pub infra_failure_instances: usize,
    /// Those of which it cannot be said whose fault it was: none, every failure here has a class.
    pub ambiguous_failure_instances: usize,
    /// Those with an empty patch.
    pub empty_patch_instances: usize,
    /// Those whose patch could not be applied, or that could not be judged.
    pub error_instances: usize,
    /// The ids behind `completed_instances`.
    pub completed_ids: Vec<String>,
    /// Instances of the data set without a prediction.
    pub incomplete_ids: Vec<String>,
    /// The ids behind `empty_patch_instances`.
    pub empty_patch_ids: Vec<String>,
    /// The ids behind `submitted_instances`.
    pub submitted_ids: Vec<String>,
    /// The ids behind `resolved_instances`.
    pub resolved_ids: Vec<String>,
    /// The ids behind `unresolved_instances`.
    pub unresolved_ids: Vec<String>,
    /// The ids behind `infra_failure_instances`.
    pub infra_failure_ids: Vec<String>,
    /// The ids behind `ambiguous_failure_instances`.
    pub ambiguous_failure_ids: Vec<String>,
    /// Why the instances of `infra_failure_ids` failed.
    pub failure_reasons: BTreeMap<String, String>,
    /// The ids behind `error_instances`.
    pub error_ids: Vec<String>,
    /// 2.
    pub schema_version: u32,
}

impl RunReport {
    /// The report on one model's grades, of a data set of these instances.
    pub fn new(data_set: &[String], grades: &[&Grade]) -> Self {
        let ids = |wanted: &[Outcome]| {
            let mut ids: Vec<String> = grades
                .iter()
                .filter(|grade| wanted.contains(&grade.outcome))
                .map(|grade| grade.instance_id.clone())
                .collect();
            ids.sort();
            ids
        };
        let submitted = {
            let mut ids: Vec<String> = grades
                .iter()
                .map(|grade| grade.instance_id.clone())
                .collect();
            ids.sort();
            ids
        };
        let completed = ids(&[Outcome::Resolved, Outcome::Unresolved, Outcome::Tampered]);
        let resolved = ids(&[Outcome::Resolved]);
        let unresolved = ids(&[Outcome::Unresolved, Outcome::Tampered]);
        let empty = ids(&[Outcome::Empty]);
        let errors = ids(&[Outcome::NotApplied, Outcome::Failed]);
        let failure_reasons: BTreeMap<String, String> = grades
            .iter()
            .filter(|grade| of_machinery(grade))
            .map(|grade| {
                let reason = grade.reason.clone().unwrap_or_default();
                (grade.instance_id.clone(), reason)
            })
            .collect();
        let infra_failures: Vec<String> = failure_reasons.keys().cloned().collect();
        let incomplete: Vec<String> = data_set
            .iter()
            .filter(|id| submitted.binary_search(id).is_err())
            .cloned()
            .collect();
        Self {
            total_instances: data_set.len(),
            submitted_instances: submitted.len(),
            completed_instances: completed.len(),
            resolved_instances: resolved.len(),
            unresolved_instances: unresolved.len(),
            infra_failure_instances: infra_failures.len(),
            ambiguous_failure_instances: 0,
            empty_patch_instances: empty.len(),
            error_instances: errors.len(),
            completed_ids: completed,
            incomplete_ids: incomplete,
            empty_patch_ids: empty,
            submitted_ids: submitted,
            resolved_ids: resolved,
            unresolved_ids: unresolved,
            infra_failure_ids: infra_failures,
            ambiguous_failure_ids: Vec::new(),
            failure_reasons,
            error_ids: errors,
            schema_version: 2,
        }
    }
}

/// Whether it is neither the submission's fault nor the judge's that there is no verdict.
fn of_machinery(grade: &Grade) -> bool {
    grade.outcome == Outcome::Failed
        && matches!(
            grade.class,
            Some(FailureClass::Infra | FailureClass::Environment)
        )
}

/// SWE-bench's report on an instance (`report.json`).
pub fn of_instance(grade: &Grade) -> Value {
    let mut fields = json!({
        "patch_is_None": grade.patch == Patch::Null,
        "patch_exists": grade.patch == Patch::Text,
        "patch_successfully_applied": grade.patch_applied,
        "resolved": grade.outcome == Outcome::Resolved,
    });
    let tests = grade.tests.clone().unwrap_or_default();
    fields["tests_status"] = json!(tests);
    json!({ &grade.instance_id: fields })
}

/// A name as a part of a path, as SWE-bench writes models' names.
pub fn as_name(text: &str) -> String {
    let safe = |c: char| if c.is_control() || c == '\\' { '_' } else { c };
    let name: String = text.replace('/', "__").chars().map(safe).collect();
    match name.as_str() {
        "" | "." | ".." => "unknown".to_owned(),
        _ => name,
    }
}

/// Writes a model's reports where SWE-bench does: `MODEL.RUN.json`, and `report.json` and `patch.diff` of each
/// instance below `logs/run_evaluation/RUN/MODEL/`. Returns the first one's place.
pub fn write(
    folder: &Path,
    run: &str,
    model: &str,
    report: &RunReport,
    grades: &BTreeMap<&str, (&Grade, Option<&str>)>,
) -> io::Result<PathBuf> {
    let (run, model) = (as_name(run), as_name(model));
    let logs = folder.join("logs/run_evaluation").join(&run).join(&model);
    for (id, (grade, patch)) in grades {
        // SWE-bench has no folder for an empty patch.
        if grade.outcome == Outcome::Empty {
            continue;
        }
        let place = logs.join(as_name(id));
        std::fs::create_dir_all(&place)?;
        std::fs::write(place.join("patch.diff"), patch.unwrap_or_default())?;
        std::fs::write(place.join("grade.json"), pretty(grade)?)?;
        // Nor a report where the patch did not apply or nothing was judged.
        if grade.tests.is_some() {
            std::fs::write(place.join("report.json"), pretty(&of_instance(grade))?)?;
        }
    }
    std::fs::create_dir_all(folder)?;
    let place = folder.join(format!("{model}.{run}.json"));
    std::fs::write(&place, pretty(report)?)?;
    Ok(place)
}

fn pretty(value: &impl Serialize) -> io::Result<String> {
    let text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
    Ok(text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_submission_is_counted_once() {
        let all = [
            Outcome::Resolved,
            Outcome::Unresolved,
            Outcome::Empty,
            Outcome::NotApplied,
            Outcome::Tampered,
            Outcome::Failed,
        ];
        let mut grades: Vec<Grade> = all
            .iter()
            .enumerate()
            .map(|(number, outcome)| Grade::new(&number.to_string(), *outcome, Some("x")))
            .collect();
        grades[5].class = Some(FailureClass::Infra);
        grades[5].reason = Some("the disk is full".to_owned());
        // A test that a patch makes crash is nobody's fault but the patch's.
        grades[1].class = Some(FailureClass::Agent);
        let data_set: Vec<String> = (0..8).map(|number| number.to_string()).collect();
        let report = RunReport::new(&data_set, &grades.iter().collect::<Vec<_>>());
        assert_eq!(report.total_instances, 8);
        assert_eq!(report.submitted_instances, 6);
        assert_eq!(report.incomplete_ids, ["6", "7"]);
        assert_eq!(report.unresolved_ids, ["1", "4"]);
        assert_eq!(report.infra_failure_ids, ["5"]);
        assert_eq!(report.failure_reasons["5"], "the disk is full");
        let counted =
            report.completed_instances + report.empty_patch_instances + report.error_instances;
        assert_eq!(counted, report.submitted_instances);
    }

    #[test]
    fn a_models_name_never_leaves_its_folder() {
        assert_eq!(as_name("org/model"), "org__model");
        assert_eq!(as_name(".."), "unknown");
        assert_eq!(as_name("../../x"), "..__..__x");
    }
}
