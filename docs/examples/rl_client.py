#!/usr/bin/env python3
"""Drives swemill's sandboxes over HTTP with `requests` alone: reset, step, grade, close (docs/RL.md).

    swemill serve --listen 127.0.0.1:8080
    python3 docs/examples/rl_client.py http://127.0.0.1:8080 --count 4 --attempts 2

The policy here is a script that looks around and hands in what it found. A trainer puts its model in `policy`: it gets the
conversation and the tools as a chat-completions server takes them, and returns the assistant's message as one answers it.
"""

import argparse
import json
import os

import requests


class Environment:
    """Many episodes at one time."""

    def __init__(self, url, key=None):
        self.url = url.rstrip("/")
        self.session = requests.Session()
        if key:
            self.session.headers["Authorization"] = f"Bearer {key}"

    def call(self, name, body):
        answer = self.session.post(f"{self.url}/v1/{name}", json=body, timeout=3600)
        if not answer.ok:
            raise RuntimeError(f"{name}: {answer.status_code} {answer.json()['error']['message']}")
        return answer.json()

    def reset(self, **wanted):
        return self.call("reset", wanted)["episodes"]

    def step(self, steps):
        return self.call("step", {"steps": steps})["steps"]

    def grade(self, episode_ids):
        return self.call("grade", {"episode_ids": episode_ids, "close": True})["grades"]


SCRIPT = [
    "git log --oneline && ls",
    "python -m pytest -q -p no:cacheprovider 2>&1 | tail -n 5",
    "git diff --stat",
    "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && git diff",
]


def policy(messages, tools):
    """An assistant's message. This one does what the script says next."""
    turn = sum(message["role"] == "assistant" for message in messages)
    tool = tools[0]["function"]["name"]
    arguments = json.dumps({"command": SCRIPT[turn % len(SCRIPT)]})
    call = {"id": f"call_{turn}", "type": "function", "function": {"name": tool, "arguments": arguments}}
    return {"role": "assistant", "content": f"Turn {turn}.", "tool_calls": [call]}


def rollouts(environment, **wanted):
    """Begins episodes, lets the policy act in all of them until each is over, and returns their grades."""
    begun = [episode for episode in environment.reset(**wanted) if not episode.get("error")]
    conversations = {episode["episode_id"]: episode["messages"] for episode in begun}
    tools = {episode["episode_id"]: episode["tools"] for episode in begun}
    running = list(conversations)
    while running:
        answers = [{"episode_id": id, "message": policy(conversations[id], tools[id])} for id in running]
        for taken in environment.step(answers):
            # Add what the conversation gained as it is: the answer, if the interface keeps it, and the observations.
            conversations[taken["episode_id"]] += taken["messages"]
            if taken["done"]:
                running.remove(taken["episode_id"])
    return environment.grade(list(conversations)), conversations


def main():
    parser = argparse.ArgumentParser(description="Attempts of a scripted policy, graded.")
    parser.add_argument("url")
    parser.add_argument("--count", type=int, default=4, help="instances to draw")
    parser.add_argument("--attempts", type=int, default=2, help="episodes of each")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    environment = Environment(given.url, os.environ.get("SWEMILL_API_KEY"))
    grades, conversations = rollouts(
        environment,
        draw={"count": given.count, "seed": given.seed},
        attempts=given.attempts,
        interface="mini-tool-calls",
        limits={"steps": 20},
    )
    for grade in grades:
        # A reward of None is the machinery's failure: leave the episode out, it is no 0.
        length = len(conversations[grade["episode_id"]])
        print(f"{grade['instance_id']}: {grade['outcome']}, reward {grade['reward']}, {length} messages")
    rewards = [grade["reward"] for grade in grades if grade["reward"] is not None]
    if rewards:
        print(f"{len(rewards)} episodes, mean reward {sum(rewards) / len(rewards):.3f}")


if __name__ == "__main__":
    main()
