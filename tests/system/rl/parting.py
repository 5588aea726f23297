"""Episodes that outlive their client: WHAT says how the server ends, which the test does."""

import concurrent.futures
import os
import threading

from support import INSTANCES, children, get, post, refused, reset, step, until, until_busy

what = os.environ["WHAT"]
ids = [episode["episode_id"] for episode in reset([INSTANCES[0]["id"]], attempts=3)]
assert len(children()) == 3
if what == "idle":
    # The server closes what is left alone for 4 seconds, and not what is busy.
    busy = threading.Thread(target=lambda: step(ids[0], "sleep 12; echo busy"))
    busy.start()
    until(lambda: get("/health").json()["episodes"] == 1)
    [left] = get("/v1/episodes").json()["episodes"]
    assert (left["episode_id"], left["busy"]) == (ids[0], True), left
    busy.join()
    until(lambda: not children())
    refused(post("step", {"steps": [{"episode_id": ids[0], "command": "ls"}]}), 404, "unknown_episode")
elif what == "stop":
    # A step that is under way when the server is told to stop is answered.
    with concurrent.futures.ThreadPoolExecutor() as pool:
        taken = pool.submit(lambda: step(ids[0], "sleep 5; echo whole"))
        until_busy(ids[0])
        print("stepping", flush=True)
        assert "whole" in taken.result()["messages"][1]["content"]
else:
    # In the middle of a step.
    threading.Thread(target=lambda: post("step", {"steps": [{"episode_id": ids[0], "command": "sleep 60"}]}), daemon=True).start()
    until_busy(ids[0])
print(f"{what}: fine", flush=True)
os._exit(0)
