"""Requests that make no sense: a status, a code, and nothing done. The server takes 4 episodes and 64 KiB."""

import concurrent.futures
import threading

import requests

from support import INSTANCES, SUBMIT, URL, begin, close, done, get, grade, post, refused, step, until, until_busy

instance_id = INSTANCES[0]["id"]
id = begin()
other = begin()


def raw(name, text):
    return requests.post(f"{URL}/v1/{name}", data=text, timeout=60)


def steps(*wanted):
    return post("step", {"steps": list(wanted)})


here = {"episode_id": id, "command": "touch /tmp/done; ls"}
call = {"role": "assistant", "content": "x"}

# What cannot be read.
refused(raw("step", b"{"), 400, "invalid_json")
refused(raw("step", b"\xff\xfe"), 400, "invalid_json")
deep = b'{"steps": [{"episode_id": "x", "message": {"content": "x", "more": ' + b"[" * 50_000
refused(raw("step", deep), 400, "invalid_json")
for name, body in (
    ("step", {"steps": 1}),
    ("step", {"stepz": []}),
    ("step", {"steps": [{**here, "comand": "x"}]}),
    ("reset", {"instance_ids": [instance_id], "interface": "mini"}),
    ("reset", {"instance_ids": [instance_id], "limits": {"step": 1}}),
    ("reset", {"instance_ids": [instance_id], "attempts": -1}),
    ("grade", {}),
    ("close", {"episode_ids": "x"}),
):
    refused(post(name, body), 400, "invalid_request")
# What can be read and makes no sense.
for name, body, words in (
    ("reset", {}, "either"),
    ("reset", {"instance_ids": [], "attempts": 1}, "0 episodes"),
    ("reset", {"instance_ids": [instance_id], "attempts": 0}, "0 episodes"),
    ("reset", {"instance_ids": [instance_id], "attempts": 2**63}, "episodes"),
    ("reset", {"instance_ids": [instance_id], "draw": {"count": 1}}, "either"),
    ("reset", {"instance_ids": [instance_id], "limits": {"command_seconds": 0}}, "command_seconds"),
    ("step", {"steps": [{"episode_id": id}]}, "either"),
    ("step", {"steps": [{**here, "message": call}]}, "either"),
    ("step", {"steps": [{"episode_id": id, "command": " "}]}, "command"),
    ("step", {"steps": [{"episode_id": id, "message": {**call, "role": "user"}}]}, "assistant"),
    ("step", {"steps": [{**here, "seconds": -1}]}, "seconds"),
):
    message = refused(post(name, body), 400, "invalid_request")
    assert words in message, (words, message)

# What is not there.
refused(steps({**here, "episode_id": "nosuch"}), 404, "unknown_episode")
refused(post("grade", {"episode_ids": [id, "nosuch"]}), 404, "unknown_episode")
refused(get("/v1/episodes/nosuch"), 404, "unknown_episode")
refused(post("reset", {"instance_ids": [instance_id, "nosuch"]}), 404, "unknown_instance")
refused(get("/v1/instances/nosuch"), 404, "unknown_instance")
refused(post("reset", {"draw": {"count": 1, "repository": "nosuch"}}), 404, "no_instance")
refused(get("/v1/nosuch"), 404, "unknown_url")
refused(get("/v1/step"), 405, "method_not_allowed")
refused(get("/v1/instances?limit=x"), 400, "invalid_request")
refused(get("/v1/instances?limit=100000"), 400, "invalid_request")

# A batch with one bad part is refused as a whole.
refused(steps(here, {**here, "episode_id": "nosuch"}), 404, "unknown_episode")
refused(steps({**here, "episode_id": other}, {**here, "episode_id": other}), 409, "episode_busy")

# What is too much.
assert "2 of at most 4" in refused(post("reset", {"instance_ids": [instance_id], "attempts": 3}), 429, "too_many_episodes")
refused(post("reset", {"instance_ids": [instance_id], "attempts": 5}), 400, "invalid_request")
assert post("reset", {"instance_ids": [instance_id], "attempts": 3}).headers["retry-after"] == "5"
refused(steps({**here, "command": "x" * 70_000}), 413, "request_too_large")

# None of it was done, to either episode.
for untouched in (id, other):
    seen = done(get(f"/v1/episodes/{untouched}"))
    assert (seen["step"], seen["done"], len(seen["messages"])) == (0, False, 2), seen
assert step(id, "ls /tmp/done")["actions"][0]["returncode"] != 0

# Two steps of an episode at one time: one is taken, the other is refused.
with concurrent.futures.ThreadPoolExecutor() as pool:
    answers = list(pool.map(lambda _: steps({"episode_id": id, "command": "sleep 4; echo x >> /tmp/steps"}), range(2)))
assert sorted(answer.status_code for answer in answers) == [200, 409], answers
assert len(step(id, "cat /tmp/steps")["messages"][1]["content"].split("x")) == 2

# A client that leaves during a step does not lose it.
try:
    requests.post(f"{URL}/v1/step", json={"steps": [{"episode_id": id, "command": "sleep 6; echo left behind"}]}, timeout=2)
    raise AssertionError("it did not leave")
except requests.exceptions.ReadTimeout:
    pass
seen = done(get(f"/v1/episodes/{id}"))
assert seen["step"] == 4 and seen["last_step"]["step"] == 4, seen
assert "left behind" in seen["messages"][-1]["content"], seen

# Those who look do not keep others from stepping.
looking = threading.Event()


def look():
    while not looking.is_set():
        done(get(f"/v1/episodes/{other}"))


lookers = [threading.Thread(target=look) for _ in range(4)]
for looker in lookers:
    looker.start()
for number in range(30):
    step(other, f"echo {number}")
looking.set()
for looker in lookers:
    looker.join()

# What is over takes no step, and can be graded and closed.
assert step(id, SUBMIT)["done"]
refused(steps(here), 409, "episode_over")
refused(steps({**here, "episode_id": other}, here), 409, "episode_over")
assert grade(id, close=True)[0]["reward"] == 0.0
refused(post("grade", {"episode_ids": [id]}), 404, "unknown_episode")
assert close(id, other, other) == {"closed": [other], "unknown": [id, other]}
until(lambda: get("/health").json()["episodes"] == 0)

# A step in an episode that is closed meanwhile comes to its end.
id = begin()
thread = threading.Thread(target=lambda: close(id))
with concurrent.futures.ThreadPoolExecutor() as pool:
    taken = pool.submit(lambda: step(id, "sleep 4; echo whole"))
    until_busy(id)
    thread.start()
    assert "whole" in taken.result()["messages"][1]["content"]
thread.join()

print("refusals: fine")
