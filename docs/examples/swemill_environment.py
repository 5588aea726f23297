"""mini-swe-agent in sealed sandboxes of swemill: an environment class for its batch runner (docs/ROLLOUTS.md).

    PYTHONPATH=docs/examples mini-extra swebench --subset DATASET --split train -o OUT \\
        -c swebench.yaml -c environment.environment_class=swemill_environment.SwemillEnvironment \\
        -c 'run.env_startup_command=swemill enter {{ instance_id }}' ...

The runner tells an environment of its instance by the start-up command alone, so this command names it. Every later
one runs in the sandbox that it opened: no network, one commit, no trace of the repair, no judging tests.
"""

import json
import os
import platform
import shlex
import subprocess
from typing import Any

from minisweagent.exceptions import Submitted
from pydantic import BaseModel

SUBMISSION = "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"


class SwemillEnvironmentConfig(BaseModel):
    program: str = os.getenv("SWEMILL", "swemill")
    cwd: str = "/testbed"
    timeout: int = 60
    """Seconds that a command may take."""
    env: dict[str, str] = {}
    """Variables of every command."""
    interpreter: list[str] = ["bash", "-c"]
    """Commands are bash's; other interpreters of the configuration are not used."""


class SwemillEnvironment:
    def __init__(self, **kwargs):
        self.config = SwemillEnvironmentConfig(**kwargs)
        self.process: subprocess.Popen | None = None

    def execute(self, action: dict, cwd: str = "", *, timeout: int | None = None) -> dict[str, Any]:
        command = action.get("command", "")
        if self.process is None:
            return self._enter(command)
        exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in self.config.env.items())
        said = self._ask(
            {"command": exports + command, "cwd": cwd or self.config.cwd, "timeout": timeout or self.config.timeout}
        )
        output = {"output": said["output"], "returncode": said["returncode"], "exception_info": said["error"] or ""}
        first, _, rest = output["output"].lstrip().partition("\n")
        if first.strip() == SUBMISSION and output["returncode"] == 0:
            extra = {"exit_status": "Submitted", "submission": rest}
            raise Submitted({"role": "exit", "content": rest, "extra": extra})
        return output

    def _enter(self, command: str) -> dict[str, Any]:
        words = shlex.split(command)
        if words[:-1] != ["swemill", "enter"]:
            raise ValueError(f"run.env_startup_command has to be `swemill enter {{{{ instance_id }}}}`, not {command!r}")
        self.process = subprocess.Popen(
            [self.config.program, "enter", words[-1], "--commands"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._ask({"command": "true"})
        return {"output": "", "returncode": 0, "exception_info": ""}

    def _ask(self, question: dict) -> dict:
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("swemill ended; what it said stands on standard error")
        return json.loads(answer)

    def get_template_vars(self, **kwargs) -> dict[str, Any]:
        return self.config.model_dump() | platform.uname()._asdict() | kwargs

    def serialize(self) -> dict:
        kind = f"{self.__class__.__module__}.{self.__class__.__name__}"
        return {"info": {"config": {"environment": self.config.model_dump(), "environment_type": kind}}}

    def cleanup(self):
        process, self.process = self.process, None
        if process is not None:
            # With the end of its input it stops the sandbox.
            process.stdin.close()
            process.wait(timeout=60)

    def __del__(self):
        self.cleanup()
