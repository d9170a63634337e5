"""Clusters and interruptions: nothing is lost, nothing is done twice."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from relverify.campaign import run as campaign
from relverify.campaign.plan import Plan, Task
from relverify.campaign.store import Store
from relverify.errors import InputError


def log_and_wait(task, folder):
    """Takes half a second, and leaves a line a start; stands in for a task."""
    name = os.path.join(folder, "started")
    with open(name, "a") as file:
        file.write(f"{task.name} {os.getpid()}\n")
    time.sleep(0.5)
    return {"kind": task.kind, "name": task.name, "arguments": task.arguments, "verdict": "proved", "detail": "done"}


def started(folder):
    return [line.split() for line in (folder / "started").read_text().splitlines()]


def test_a_dask_cluster_loses_no_task_when_a_worker_is_killed(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed", reason="needs dask.distributed (the extra dask)")
    tasks = tuple(Task("theorem", f"t{k}", {}) for k in range(10))
    monkeypatch.setattr(campaign, "make_plan", lambda *a: Plan(tasks))
    monkeypatch.setattr(campaign, "carry_out", log_and_wait)
    settings = {
        "distributed.scheduler.allowed-failures": 5,
        "distributed.nanny.environ": {"PYTHONPATH": os.pathsep.join(sys.path)},
    }
    import dask

    with (
        dask.config.set(settings),
        distributed.LocalCluster(2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        ThreadPoolExecutor(1) as killer,
    ):

        def kill_one():
            while not (tmp_path / "started").exists() or len(started(tmp_path)) < 3:
                time.sleep(0.05)
            victim = started(tmp_path)[-1][1]
            os.kill(int(victim), signal.SIGKILL)
            return victim

        killed = killer.submit(kill_one)
        report = campaign.verify(out=tmp_path, dask=cluster.scheduler_address)
        victim = killed.result(timeout=5)
    assert [r["name"] for r in report.results] == [t.name for t in tasks]
    assert report.verdict == "proved"
    starts = started(tmp_path)
    # what the killed worker had under way is started again; nothing else is
    twice = {name for name, _ in starts if sum(n == name for n, _ in starts) > 1}
    lost = {name for name, process in starts if process == victim}
    assert twice <= lost and {name for name, _ in starts} == {t.name for t in tasks}
    store = Store(tmp_path / "results.sqlite")
    assert all(store.get(t) is not None for t in tasks) and store.planned() == list(tasks)
    store.close()


def test_an_address_without_scheduler_is_refused_in_one_line(tmp_path, monkeypatch):
    pytest.importorskip("distributed", reason="needs dask.distributed (the extra dask)")
    monkeypatch.setattr("relverify.campaign.executors.CONNECT_SECONDS", 0.5)
    for address in ("tcp://127.0.0.1:9", "nonsense://x"):
        with pytest.raises(InputError, match="no scheduler answers") as caught:
            campaign.verify(["perturbation"], out=tmp_path, dask=address)
        assert "\n" not in str(caught.value)


SCRIPT = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from relverify.campaign import run as campaign
from relverify.campaign.plan import Plan, Task
sys.path.insert(0, sys.argv[2])
from test_executors import log_and_wait
campaign.make_plan = lambda *a: Plan(tuple(Task("theorem", f"t{k}", {}) for k in range(6)))
campaign.carry_out = log_and_wait
with ThreadPoolExecutor(1) as executor:
    campaign.verify(out=sys.argv[1], executor=executor, resume=len(sys.argv) > 3)
"""


def test_a_killed_campaign_resumes_and_recomputes_nothing_that_is_finished(tmp_path):
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), os.path.dirname(__file__)]
    process = subprocess.Popen(command)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and (not (tmp_path / "started").exists() or len(started(tmp_path)) < 3):
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert not (tmp_path / "report.html").exists()
    half = campaign.rebuild(tmp_path, tmp_path / "half")
    assert any("unfinished" in reason for reason in half.not_run) and len(half.results) in (1, 2)
    finished = {result["name"] for result in half.results}
    subprocess.run([*command, "resume"], check=True)
    names = [name for name, _ in started(tmp_path)]
    assert not {n for n in names if names.count(n) > 1} & finished and len(set(names)) == 6
    assert (tmp_path / "report.html").exists()


def test_a_report_is_rebuilt_from_the_store_alone(tmp_path):
    with ThreadPoolExecutor(1) as executor:
        first = campaign.verify(["perturbation"], out=tmp_path / "a", executor=executor)
    second = campaign.rebuild(tmp_path / "a" / "results.sqlite", tmp_path / "b")
    assert second.results == first.results and second.verdict == first.verdict
    assert second.provenance["versions"] == first.provenance["versions"]
    for name in ("report.html", "results.json", "results.csv", "summary.md"):
        assert (tmp_path / "b" / name).stat().st_size > 50
    rows = (tmp_path / "b" / "results.csv").read_text().splitlines()
    assert rows[0].startswith("kind,name,verdict") and rows[1].startswith("theorem,perturbation,proved")
    assert "| theorem | 1 | 1 |" in (tmp_path / "b" / "summary.md").read_text()


def test_what_is_no_store_is_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        campaign.rebuild(tmp_path)
    Store(tmp_path / "results.sqlite").close()
    with pytest.raises(InputError, match="no plan"):
        campaign.rebuild(tmp_path)
    with pytest.raises(InputError, match="contradicts"):
        campaign.verify(out=tmp_path, quick=True, full=True)
