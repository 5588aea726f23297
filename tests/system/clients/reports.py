"""SWE-bench's own code on our data set, predictions and reports: DATASET, PREDICTIONS and OUT as arguments."""

import json
import os
import sys

from swebench.harness.reporting import make_run_report
from swebench.harness.utils import get_predictions_from_file, load_swebench_dataset

dataset, predictions, out = sys.argv[1:]
instances = load_swebench_dataset(dataset)
read = get_predictions_from_file(predictions, dataset, "train")
by_instance = {prediction["instance_id"]: prediction for prediction in read}
# What it asks of a data set's fields by these names is there.
for instance in instances:
    assert instance["FAIL_TO_PASS"] and instance["problem_statement"] and instance["base_commit"], instance
[model] = {prediction["model_name_or_path"] for prediction in read}
chosen = load_swebench_dataset(dataset, instance_ids=list(by_instance))
assert {instance["instance_id"] for instance in chosen} == set(by_instance)

# Its report, made of the logs that we wrote, is ours.
os.chdir(out)
ours = json.loads(open(f"{model.replace('/', '__')}.ours.json").read())
theirs = json.loads(make_run_report(by_instance, instances, "ours", report_dir="theirs").read_text())
different = {key: (ours.get(key), value) for key, value in theirs.items() if ours.get(key) != value}
assert not different, different
print("read", len(instances), len(read), ours["resolved_instances"])
