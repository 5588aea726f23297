"""What the scripts of this folder share: the server, its instances with what only the tests know of them.

Every answer is held against the server's own OpenAPI document.
"""

import json
import os
import re
import time

import jsonschema
import openapi_spec_validator
import requests

URL = os.environ["URL"]
# Instances as `swemill instances ID --json` tells them: patch and lists, which no answer of the server may show.
INSTANCES = json.load(open(os.environ["INSTANCES"]))
SUBMIT = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && git diff"


DOCUMENT = requests.get(f"{URL}/openapi.json", timeout=60).json()
openapi_spec_validator.validate(DOCUMENT)


def described(answer):
    """Demands that an answer of a known endpoint is as the document says."""
    path = re.sub(r"[?].*", "", answer.url.removeprefix(URL))
    for template, methods in DOCUMENT["paths"].items():
        operation = methods.get(answer.request.method.lower())
        if operation and re.fullmatch(re.sub(r"{.*}", "[^/]+", template), path):
            content = operation["responses"][str(answer.status_code)]["content"]
            schema = {**content["application/json"]["schema"], "components": DOCUMENT["components"]}
            jsonschema.Draft202012Validator(schema).validate(answer.json())
    return answer


def post(name, body, **more):
    return described(requests.post(f"{URL}/v1/{name}", json=body, timeout=300, **more))


def get(path):
    return described(requests.get(f"{URL}{path}", timeout=300))


def done(answer):
    """The body of an answer that must be a success."""
    assert answer.status_code == 200, (answer.status_code, answer.text)
    return answer.json()


def refused(answer, status, code):
    """Demands a refusal of this kind, and returns its message."""
    assert answer.status_code == status, (status, answer.status_code, answer.text)
    error = answer.json()["error"]
    assert error["code"] == code, (code, error)
    return error["message"]


def reset(ids, **more):
    episodes = done(post("reset", {"instance_ids": ids, **more}))["episodes"]
    assert all("error" not in episode for episode in episodes), episodes
    return episodes


def begin(index=0, **more):
    """One episode's id."""
    return reset([INSTANCES[index]["id"]], **more)[0]["episode_id"]


def step(episode_id, command=None, **more):
    wanted = {"episode_id": episode_id, **more}
    if command is not None:
        wanted["command"] = command
    return done(post("step", {"steps": [wanted]}))["steps"][0]


def grade(*episode_ids, **more):
    return done(post("grade", {"episode_ids": episode_ids, **more}))["grades"]


def close(*episode_ids):
    return done(post("close", {"episode_ids": episode_ids}))


def repair(instance):
    """A command that takes an instance's break back."""
    return f"git apply -R - <<'END_OF_PATCH'\n{instance['patch']}\nEND_OF_PATCH"


def children():
    """The processes that the server has started and that live: its sandboxes."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/stat") as file:
                state, parent = file.read().rsplit(")", 1)[1].split()[:2]
            with open(f"/proc/{entry}/cmdline") as file:
                command = file.read()
        except (OSError, ValueError):
            continue
        if parent == os.environ["SERVER_ID"] and state != "Z" and "postgres" not in command:
            found.append(int(entry))
    return found


def until(condition, seconds=20):
    """Waits for something that happens soon."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds, "it does not happen"
        time.sleep(0.1)


def until_busy(episode_id):
    """Waits until a step of an episode is under way."""
    busy = lambda: [one["episode_id"] for one in done(get("/v1/episodes"))["episodes"] if one["busy"]]
    until(lambda: episode_id in busy())
