"""The environment class for mini-swe-agent, without a model: the instance as argument, the repair on standard input."""

import sys

from minisweagent.environments import get_environment
from minisweagent.exceptions import Submitted

instance, repair = sys.argv[1], sys.argv[2]
environment = get_environment(
    {"environment_class": "swemill_environment.SwemillEnvironment", "env": {"TWO": "a 'b"}, "cwd": "/testbed"}
)


def run(command, **more):
    return environment.execute({"command": command}, **more)


try:
    run("ls")
except ValueError as error:
    assert "swemill enter" in str(error), error
else:
    raise AssertionError("a first command that names no instance was expected to be an error")
run(f"swemill enter {instance}")
assert run("pwd; echo $TWO; echo oops >&2; exit 3") == {
    "output": "/testbed\na 'b\noops\n",
    "returncode": 3,
    "exception_info": "",
}
assert run("git log --oneline | wc -l")["output"].strip() == "1"
slow = run("sleep 30", timeout=1)
assert slow["returncode"] == -1 and "too long" in slow["exception_info"], slow
# Files stay from command to command.
assert run(f"cat > repair.patch <<'END'\n{repair}\nEND\ngit apply repair.patch")["returncode"] == 0
try:
    run("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && git diff -- '*.py'")
except Submitted as submitted:
    print(submitted.messages[0]["extra"]["submission"], end="")
environment.cleanup()
