"""``relverify verify`` as a process of its own, on a plan of some seconds."""

import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from relverify.campaign.store import Store
from relverify.errors import InputError

BOX = {"x": "[0,1]", "eps": "1/10"}
TRAINED = [
    ("train", "gaussian(ell=1/2)", {**BOX, "theorem": "grid-neurons", "seed": 0, "device": "cpu"}),
    ("smallest", "exponential(w=1)", {**BOX, "seed": 0, "device": "cpu", "seconds": 600}),
]
PLAN = [
    *(TRAINED if find_spec("torch") else []),
    ("relation", "gaussian(ell=1/2)", BOX),
    ("counts", "gaussian(ell=1/2)", {"x": "[0,1]", "eps": ["1/10", "1/100"]}),
    *(("theorem", label, {"examples": 5, "seed": 0}) for label in ("perturbation", "ridge-spline", "grid-neurons")),
    ("attention", "finite preorder", {"seed": 0}),
]
# in turn for `seconds`, and as much of them as wanted
WAITING = [("theorem", f"wait-{k}", {}) for k in range(20)]

SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
from relverify import cli
from relverify.campaign import run as campaign
from relverify.campaign.plan import Plan, Task
if sys.argv[2] == "wait":
    from command import WAITING as tasks, wait
    campaign.carry_out = wait
else:
    from command import PLAN as tasks
campaign.make_plan = lambda *a: Plan(tuple(Task(*task) for task in tasks))
sys.exit(cli.run(["verify", *sys.argv[3:]]))
"""


def wait(task, folder):
    """Stands in for a task: a third of a second, and a line in a file at the start of each."""
    with open(os.path.join(folder, "started"), "a") as file:
        file.write(f"{task.name} {os.getpid()}\n")
    time.sleep(0.3)
    return {"kind": task.kind, "name": task.name, "arguments": {}, "verdict": "proved", "detail": "", "seconds": 0.3}


def start(*arguments, plan="real", **options):
    """The command in a process group of its own."""
    command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), plan, *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, start_new_session=True, **pipes, **options)


def finish(process, seconds=120):
    """The exit code and what was printed; a process that hangs is killed."""
    try:
        out, err = process.communicate(timeout=seconds)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, out, err


def started(folder):
    """Names and processes of the tasks that were begun."""
    path = Path(folder) / "started"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def until(condition, seconds=60):
    """Wait for a condition, at most some time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "what was waited for did not happen"
        time.sleep(0.02)


def finished(folder):
    """How many tasks the store holds."""
    try:
        store = Store(Path(folder) / "results.sqlite", create=False)
    except InputError:
        return 0
    try:
        return store.progress()[0]
    finally:
        store.close()


def without_timings(path):
    """The bytes of results.json but for its seconds."""

    def strip(value):
        if isinstance(value, dict):
            return {k: strip(v) for k, v in value.items() if k != "seconds"}
        return [strip(v) for v in value] if isinstance(value, list) else value

    data = json.loads(path.read_text())
    assert "seconds" in data
    return json.dumps(strip(data), indent=1, ensure_ascii=False).encode()
