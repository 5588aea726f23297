"""mini-swe-agent with a served model: its loop, its tool and its messages; only its shell is a stand-in.

What a model of 135 million parameters wants to run is not run: the environment below answers without a shell.
"""

import os

from minisweagent.agents.default import DefaultAgent
from minisweagent.models.litellm_model import LitellmModel

STEPS = 3


class Stage:
    """An environment that keeps the commands and runs none."""

    def __init__(self):
        self.commands = []

    def execute(self, action, cwd="", **_):
        self.commands.append(action["command"])
        return {"output": f"line {len(self.commands)} of a long file\n" * 20, "returncode": 0, "exception_info": ""}

    def get_template_vars(self, **_):
        return {}

    def serialize(self):
        return {}


model = LitellmModel(
    model_name="openai/smollm2-135m-instruct",
    model_kwargs={
        "api_base": os.environ["URL"],
        "api_key": os.environ["KEY"],
        "temperature": 0,
        "max_tokens": 200,
        # A model this small forgets to call; that calls are well-formed is the server's promise.
        "tool_choice": "required",
        "parallel_tool_calls": False,
        "timeout": 300,
    },
    cost_tracking="ignore_errors",
)
stage = Stage()
agent = DefaultAgent(
    model,
    stage,
    system_template="You fix bugs. Answer with one command.",
    instance_template="{{ task }}",
    step_limit=STEPS,
)
end = agent.run("List the files of this folder with ls.")
assert end["exit_status"] == "LimitsExceeded", (end, agent.messages)
assert len(stage.commands) == STEPS and all(isinstance(command, str) for command in stage.commands), stage.commands
answers = [message for message in agent.messages if message["role"] == "assistant"]
usages = [answer["extra"]["response"]["usage"] for answer in answers]
assert len(answers) == STEPS
# Every step resends the whole conversation: it grows, and what was sent before is in the cache.
for before, after in zip(usages, usages[1:]):
    assert after["prompt_tokens"] > before["prompt_tokens"], usages
    assert after["prompt_tokens_details"]["cached_tokens"] >= before["prompt_tokens"] - 32, usages
print("mini-swe-agent: fine")
