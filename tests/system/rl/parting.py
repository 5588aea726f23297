"""Episodes that outlive their client: WHAT says how the server ends, which the test does."""

import os
import threading

from support import INSTANCES, begin, children, get, post, refused, reset, step, until

what = os.environ["WHAT"]
ids = [episode["episode_id"] for episode in reset([INSTANCES[0]["id"]], attempts=3)]
assert len(children()) == 3
if what == "idle":
    # The server closes what is left alone for 2 seconds, and not what is busy.
    busy = threading.Thread(target=lambda: step(ids[0], "sleep 5; echo busy"))
    busy.start()
    until(lambda: get("/health").json()["episodes"] == 1)
    assert get("/v1/episodes").json()["episode_ids"] == [ids[0]]
    busy.join()
    until(lambda: not children())
    refused(post("step", {"steps": [{"episode_id": ids[0], "command": "ls"}]}), 404, "unknown_episode")
elif what == "stop":
    # A step that is under way when the server is told to stop is answered.
    print("stepping", flush=True)
    taken = step(ids[0], "sleep 3; echo whole")
    assert "whole" in taken["messages"][1]["content"], taken
else:
    # In the middle of a step.
    threading.Thread(target=lambda: post("step", {"steps": [{"episode_id": ids[0], "command": "sleep 60"}]}), daemon=True).start()
    until(lambda: post("step", {"steps": [{"episode_id": ids[0], "command": "ls"}]}).status_code == 409)
print(f"{what}: fine", flush=True)
os._exit(0)
