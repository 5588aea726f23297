"""Reads exported files with the published readers: FOLDER as its argument.

Needs the packages mini-swe-agent, swebench and datasets.
"""

import asyncio
import json
import sys
from pathlib import Path

import yaml
from datasets import load_dataset
from jinja2 import StrictUndefined, Template
from minisweagent.config import builtin_config_dir
from minisweagent.models.utils.actions_toolcall import BASH_TOOL
from minisweagent.run.utilities.inspector import TrajectoryInspector
from swebench.harness.utils import get_predictions_from_file

folder = Path(sys.argv[1])


def mini_opens_our_trajectory():
    document = json.loads((folder / "mini.traj.json").read_text())
    written = [str(message["content"]) for message in document["messages"] if message["content"]]

    async def walk():
        app = TrajectoryInspector([folder / "mini.traj.json"])
        shown = []
        async with app.run_test() as pilot:
            for _ in range(app.n_steps):
                shown += [str(part.render()) for part in app.query(".message-content")]
                await pilot.press("right")
            assert app.i_step == app.n_steps - 1 > 2, (app.i_step, app.n_steps)
        return "\n".join(shown)

    shown = asyncio.run(walk())
    for text in written:
        first = text.strip().splitlines()[0]
        assert first in shown, (first, shown)


def observations_are_those_of_minis_own_template():
    config = yaml.safe_load((builtin_config_dir / "benchmarks/swebench.yaml").read_text())
    template = Template(config["model"]["observation_template"], undefined=StrictUndefined)
    document = json.loads((folder / "mini.traj.json").read_text())
    seen = [message for message in document["messages"] if message["role"] == "tool"]
    assert len(seen) >= 2
    for message in seen:
        extra = message["extra"]
        output = {"output": extra["raw_output"], **extra}
        assert template.render(output=output) == message["content"], message


def our_schema_is_minis():
    assert json.loads((folder / "mini.tools.json").read_text()) == [BASH_TOOL]


def swebench_reads_our_predictions():
    for name in ["preds.json", "predictions.jsonl"]:
        [prediction] = get_predictions_from_file(str(folder / name), "none", "none")
        assert prediction["instance_id"] == "shop.add__1"
        assert prediction["model_patch"].startswith("diff --git"), prediction


def datasets_loads_our_rows():
    for style in ["tool", "xml", "ticks"]:
        rows = load_dataset(
            "json", data_files=str(folder / f"{style}.jsonl"), split="train", cache_dir=str(folder / "cache")
        )
        [row] = rows
        for span in row["loss_spans"]:
            message = row["messages"][span["message"]]
            assert message["role"] == "assistant"
            assert len(message["content"]) == span["end"]


for check in [
    mini_opens_our_trajectory,
    observations_are_those_of_minis_own_template,
    our_schema_is_minis,
    swebench_reads_our_predictions,
    datasets_loads_our_rows,
]:
    check()
    print(check.__name__)
