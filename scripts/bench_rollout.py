"""Measures what the harness adds to rollouts. `scripts/bench-rollout` calls it, with expert attempts as campaign 1.

Two runs. `replay`: recorded answers at once, many attempts in flight: processor time and memory are the harness's own.
`server`: the same answers from a server on the loopback interface, LATENCY seconds each (0.2), few attempts in flight: whose
time a rollout's wall clock is. No ATTEMPTS, no first run.
"""

import http.server
import json
import os
import subprocess
import sys
import threading
import time

LATENCY = float(os.environ.get("LATENCY", "0.2"))
TICKS = os.sysconf("SC_CLK_TCK")


def run(swemill, *words):
    """Runs a rollout to its end; its account, its own processor seconds, its largest resident memory in MiB."""
    command = [swemill, "rollout", *words, "--until-idle", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    most = {"memory": 0.0, "processor": 0.0}

    def watch():
        while process.poll() is None:
            try:
                with open(f"/proc/{process.pid}/status") as file:
                    resident = next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
                with open(f"/proc/{process.pid}/stat") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
            except (OSError, StopIteration):
                return
            # Without its children, which are sandboxes.
            most["processor"] = (int(fields[11]) + int(fields[12])) / TICKS
            most["memory"] = max(most["memory"], resident / 1024)
            time.sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    said = json.loads(process.communicate()[0])
    watcher.join()
    return said["accounts"][0], most["processor"], most["memory"]


class Recorded(http.server.BaseHTTPRequestHandler):
    """Answers chat completions from trajectories, by the first message of the user and the number of answers before."""

    protocol_version = "HTTP/1.1"
    # An answer is one packet: a second one would wait for the client's acknowledgement of the first.
    wbufsize = -1
    answers = {}

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        messages = asked["messages"]
        opening = next(message["content"] for message in messages if message["role"] == "user")
        step = sum(message["role"] == "assistant" for message in messages)
        completion = self.answers[opening][step]
        calls = [
            {"id": call["id"], "type": "function", "function": {"name": call["name"], "arguments": call["arguments"]}}
            for call in completion.get("tool_calls", [])
        ]
        message = {"role": "assistant", "content": completion["content"], "tool_calls": calls}
        body = json.dumps({
            "object": "chat.completion",
            "choices": [{"index": 0, "message": message, "finish_reason": completion["finish_reason"]}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1},
        }).encode()
        time.sleep(LATENCY)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(swemill):
    """Starts the server with the trajectories of campaign 1; its address."""
    listed = json.loads(subprocess.check_output([swemill, "rollouts", "--campaign", "1", "--json"]))
    for rollout in listed["rollouts"]:
        shown = json.loads(subprocess.check_output([swemill, "rollouts", str(rollout["id"]), "--json"]))
        trajectory = shown["trajectory"]
        opening = next(message["content"] for message in trajectory["opening"] if message["role"] == "user")
        Recorded.answers[opening] = [step["completion"] for step in trajectory["steps"]]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorded)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/v1"


def tell(name, in_flight, account, processor, memory):
    """Prints where the time of a run's attempts went, and what a step took."""
    steps, graded = account["steps"], account["graded"]
    print(f"\n{name}: {graded} graded attempts, {account['resolved']} resolved, {in_flight} in flight, {steps} steps")
    parts = ["lm", "execution", "waiting", "sealing", "sandbox", "harness"]
    seconds = {part: account[f"{part}_seconds"] for part in parts}
    wall = sum(seconds.values())
    for part, spent in seconds.items():
        print(f"  {part:10} {spent:9.1f} s  {1000 * spent / steps:8.1f} ms a step  {100 * spent / wall:5.1f} % of the wall clock")
    own = seconds["sandbox"] + seconds["harness"]
    rest = wall - seconds["waiting"] - seconds["sealing"]
    print(f"  sandbox and harness: {100 * own / rest:.1f} %, harness alone {100 * seconds['harness'] / rest:.1f} %, "
          "of the wall clock without sealing and waiting for a turn")
    used = account["processor_seconds"]
    print(f"  processor: {1000 * used / steps:.2f} ms a step of attempts; {1000 * processor / steps:.2f} ms a step of the "
          "process with sealing, grades, start and end")
    print(f"  memory of the process at most: {memory:.0f} MiB, {memory / int(in_flight):.2f} MiB an attempt in flight")


def main():
    swemill, attempts, in_flight, few = sys.argv[1:]
    interface = ["--interface", "swe-agent"]
    if attempts != "0":
        replay = run(swemill, "--policy", "replay", "--replay", "1", "--attempts", attempts, "--in-flight", in_flight)
        tell("replay", in_flight, *replay)
    server = run(swemill, "--model", "recorded", "--endpoint", serve(swemill), *interface, "--in-flight", few)
    tell(f"server that answers in {1000 * LATENCY:.0f} ms", few, *server)


main()
