"""How episodes end: malformed answers, circles, time-outs; and what happens when the machinery fails."""

import glob
import os
import shutil
import signal

from support import INSTANCES, begin, children, done, get, grade, post, repair, step, until

# Malformed answers cost a step and a message; three in a row end the episode. mini-swe-agent forgets them.
id = begin()
for number in range(3):
    taken = step(id, message={"role": "assistant", "content": "I do not call a tool."})
    assert taken["malformed"]["fault"] == "missing" and taken["actions"] == [], taken
    assert [message["role"] for message in taken["messages"]] == ["user"], taken
    assert taken["done"] == (number == 2), taken
assert taken["reason"] == "malformed"
bad = {"id": "a", "type": "function", "function": {"name": "bash", "arguments": "{"}}
assert step(begin(), message={"role": "assistant", "content": None, "tool_calls": [bad]})["malformed"], "arguments"

# Circles are told of, and end an episode.
id = begin(limits={"repeats": 4})
taken = [step(id, "true") for _ in range(4)]
assert [one["done"] for one in taken] == [False] * 3 + [True] and taken[3]["reason"] == "repeated", taken
assert len(taken[2]["messages"][1]["content"]) > len(taken[1]["messages"][1]["content"]), "it is told"

# Time-outs of commands, and the time of answers.
id = begin(limits={"command_seconds": 0.5, "timeouts": 2})
first, second = step(id, "sleep 30"), step(id, "sleep 40")
assert first["actions"][0]["timed_out"] and not first["done"], first
assert second["reason"] == "command_timeouts" and 0.5 <= second["execution_seconds"] < 10, second
assert step(begin(limits={"wall_seconds": 60}), "true", seconds=61.0)["reason"] == "wall"
answer = {"role": "assistant", "content": "no call"}
id = begin(limits={"tokens": 100})
assert step(id, message=answer, prompt_tokens=80, completion_tokens=20)["reason"] == "tokens"

# A sandbox that dies is replaced, and what was done in it is done again.
instance = INSTANCES[0]
id = begin()
step(id, "echo kept > /tmp/kept")
step(id, repair(instance))
for child in children():
    os.kill(child, signal.SIGKILL)
until(lambda: not children())
taken = step(id, "cat /tmp/kept")
assert taken["actions"][0]["returncode"] == 0 and "kept" in taken["messages"][1]["content"], taken
assert taken["step"] == 3 and "error" not in taken
for child in children():
    os.kill(child, signal.SIGKILL)
assert grade(id)[0]["reward"] == 1.0, "the patch is taken though the sandbox is gone"

# One that cannot be replaced is the machinery's failure: no reward of 0, and no step more.
id = begin()
for folder in glob.glob(os.path.join(os.environ["SWEMILL_HOME"], "sealed", ".making-*")):
    shutil.rmtree(folder)
for child in children():
    os.kill(child, signal.SIGKILL)
until(lambda: not children())
taken = step(id, "true")
assert (taken["done"], taken["reason"]) == (True, "infra") and taken["error"]["class"] == "infra", taken
answer = post("step", {"steps": [{"episode_id": id, "command": "true"}]})
assert answer.status_code == 409 and "infra" in answer.text, answer.text
[judged] = grade(id)
assert (judged["reward"], judged["outcome"], judged["class"]) == (None, "failed", "infra"), judged
seen = done(get(f"/v1/episodes/{id}"))
assert seen["done"] and seen["reason"] == "infra" and seen["error"], seen

print("endings: fine")
