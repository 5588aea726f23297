"""The repair by steps is worth 1, an empty walk and a wrong repair 0; nothing tells the repair or who judges."""

from support import INSTANCES, SUBMIT, begin, children, done, get, grade, post, repair, reset, step

INTERFACES = [
    "mini-tool-calls",
    "mini-fenced",
    "swe-agent-function-calling",
    "swe-agent-xml",
    "swe-agent-thought-action",
]


def submission(interface):
    """An answer that hands in, as a model writes it."""
    call = {"id": "last", "type": "function", "function": {"name": "submit", "arguments": "{}"}}
    return {
        "mini-tool-calls": {"content": "", "tool_calls": [{**call, "function": {"name": "bash", "arguments": f'{{"command": "{SUBMIT}"}}'}}]},
        "mini-fenced": {"content": f"Done.\n\n```mswea_bash_command\n{SUBMIT}\n```"},
        "swe-agent-function-calling": {"content": "Done.", "tool_calls": [call]},
        "swe-agent-xml": {"content": "Done.\n\n<function=submit>\n</function>"},
        "swe-agent-thought-action": {"content": "Done.\n\n```\nsubmit\n```"},
    }[interface]


# The repair, in every interface, handed in by the policy.
for interface, instance in zip(INTERFACES, INSTANCES):
    [episode] = reset([instance["id"]], interface=interface)
    assert [message["role"] for message in episode["messages"]] == ["system", "user"], episode
    assert bool(episode["tools"]) == (interface in ("mini-tool-calls", "swe-agent-function-calling"))
    id = episode["episode_id"]
    repaired = step(id, repair(instance))
    assert repaired["actions"][0]["returncode"] == 0 and not repaired["done"], repaired
    assert [message["role"] for message in repaired["messages"]][0] == "assistant", repaired
    assert len(repaired["messages"]) == 2, repaired
    ended = step(id, message={"role": "assistant", **submission(interface)})
    if not interface.startswith("mini"):
        # SWE-agent's first submission is answered with the changes and a request to review them.
        assert not ended["done"] and "submit" in ended["messages"][1]["content"], ended
        ended = step(id, message={"role": "assistant", **submission(interface)})
    assert (ended["done"], ended["reason"]) == (True, "submitted"), ended
    [judged] = grade(id)
    assert (judged["reward"], judged["outcome"], judged["resolved"]) == (1.0, "resolved", True), (interface, judged)
    lists = [(judged[name]["passed"], judged[name]["total"]) for name in ("fail_to_pass", "pass_to_pass")]
    assert lists == [(len(instance[name]),) * 2 for name in ("fail_to_pass", "pass_to_pass")], judged
    assert grade(id)[0]["reward"] == 1.0, "the same grade again"

# Many at one time: repaired and not handed in, nothing done, a wrong repair, and the empty submission of mini-swe-agent.
instance = INSTANCES[0]
ids = [episode["episode_id"] for episode in reset([instance["id"]], attempts=4)]
commands = [repair(instance), "ls", "echo 'broken =' > sums.py", SUBMIT]
taken = done(post("step", {"steps": [{"episode_id": id, "command": command} for id, command in zip(ids, commands)]}))["steps"]
assert [one["episode_id"] for one in taken] == ids and [one["done"] for one in taken] == [False] * 3 + [True], taken
grades = grade(*ids)
told = [(one["outcome"], one["reward"]) for one in grades]
assert told == [("resolved", 1.0), ("empty", 0.0), ("unresolved", 0.0), ("empty", 0.0)], told
assert grades[2]["fail_to_pass"]["passed"] == 0 and "explanation" in grades[2], grades[2]
assert children() == [], "sandboxes end with their episodes"

# A limit ends an episode as in rollouts: an agent of mini-swe-agent's that did not hand in has no patch, SWE-agent's has.
for interface, reward in (("mini-fenced", 0.0), ("swe-agent-xml", 1.0)):
    id = begin(interface=interface, limits={"steps": 1})
    ended = step(id, repair(instance))
    assert (ended["done"], ended["reason"]) == (True, "steps"), ended
    assert grade(id)[0]["reward"] == reward, interface

# What a policy is shown holds neither the repair nor the names of the tests that judge, and nor does a grade.
[episode] = reset([instance["id"]])
wrong = step(episode["episode_id"], "echo 'broken =' > sums.py; git log --all --stat; ls tests; grep -rn 'def test' tests")
shown = [episode, wrong, grade(episode["episode_id"]), get(f"/v1/instances/{instance['id']}").json()]
for test in instance["fail_to_pass"]:
    assert test not in str(shown), test
assert "@@" not in str(shown[:2]), shown[:2]

# The same seed draws the same instances.
drawn = []
for seed in (7, 7, 8):
    episodes = done(post("reset", {"draw": {"count": 5, "seed": seed}, "attempts": 2}))["episodes"]
    drawn.append([episode["instance_id"] for episode in episodes])
    done(post("close", {"episode_ids": [episode["episode_id"] for episode in episodes]}))
assert drawn[0] == drawn[1] != drawn[2] and len(drawn[0]) == 10, drawn
assert drawn[0][0::2] == drawn[0][1::2], "attempts stand beside one another"

print("rewards: fine")
