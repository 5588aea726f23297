"""Asks for more than its share: priorities, real time, higher limits, another process's limits."""

import os
import resource

ASKED = {
    "a better priority": lambda: os.setpriority(os.PRIO_PROCESS, 0, -5),
    "real time": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
    "more files": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1 << 20, 1 << 20)),
    "more processes": lambda: resource.setrlimit(resource.RLIMIT_NPROC, (1 << 20, 1 << 20)),
    "core files": lambda: resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, 1 << 20)),
    "the first process's limits": lambda: resource.prlimit(1, resource.RLIMIT_NOFILE, (1, 1)),
    "the first process's processors": lambda: os.sched_setaffinity(1, {0}),
    "the first process's priority": lambda: os.setpriority(os.PRIO_PROCESS, 1, 19),
    "the first process last": lambda: os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0)),
    "to be spared": lambda: os.write(os.open("/proc/self/oom_score_adj", os.O_WRONLY), b"-1000\n"),
}
for name, ask in ASKED.items():
    try:
        ask()
        print(name)
    except (OSError, ValueError):
        pass
