"""mini-swe-agent's own batch runner on exported instances, with a served model: DATASET and OUT as arguments.

URL, KEY and SWEMILL say where the model and the program are.
"""

import json
import os
import sys
from pathlib import Path

from minisweagent.run.benchmarks.swebench import app

dataset, out = Path(sys.argv[1]), Path(sys.argv[2])
instances = [json.loads(line) for line in dataset.joinpath("swesmith.jsonl").read_text().splitlines()]
settings = {
    "agent.step_limit": 4,
    "environment.environment_class": "swemill_environment.SwemillEnvironment",
    "run.env_startup_command": "swemill enter {{ instance_id }}",
    "model.model_name": "openai/smollm2-135m-instruct",
    "model.cost_tracking": "ignore_errors",
    "model.model_kwargs.api_base": os.environ["URL"],
    "model.model_kwargs.api_key": os.environ["KEY"],
    # A model this small forgets to call, and repeats itself for ever where it is not drawn from. That calls are well-formed is the
    # server's promise, and that a seed draws the same again.
    "model.model_kwargs.tool_choice": "required",
    "model.model_kwargs.temperature": 1.0,
    "model.model_kwargs.seed": 4,
    "model.model_kwargs.max_tokens": 160,
    "model.model_kwargs.timeout": 300,
}
instances = instances[:2]
arguments = ["--slice", ":2", "--subset", str(dataset), "--split", "train", "--output", str(out), "--workers", "2", "-c", "swebench.yaml"]
for name, value in settings.items():
    arguments += ["-c", f"{name}={value}"]
app(arguments, standalone_mode=False)

predictions = json.loads((out / "preds.json").read_text())
assert set(predictions) == {instance["instance_id"] for instance in instances}, predictions
commands = []
for instance in instances:
    name = instance["instance_id"]
    document = json.loads((out / name / f"{name}.traj.json").read_text())
    # No failure of the machinery: the model was let try until its steps or its bad calls were used up.
    endings = ["LimitsExceeded", "RepeatedFormatError", "Submitted"]
    assert document["info"]["exit_status"] in endings, document["info"]
    assert document["info"]["model_stats"]["api_calls"] >= 1, document["info"]
    assert instance["problem_statement"] in document["messages"][1]["content"]
    seen = [message["extra"] for message in document["messages"] if message["role"] == "tool"]
    assert all(isinstance(extra["returncode"], int) for extra in seen), seen
    commands += seen
# What the model called was run, in the sandbox of `swemill enter`.
assert commands, "no command of the model was run"
print("ran", len(predictions), "with", len(commands), "commands")
