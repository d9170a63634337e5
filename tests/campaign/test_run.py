"""The main job end to end, with an executor in this process where processes do not matter."""

import json
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from relverify.campaign import run as campaign
from relverify.campaign import tasks
from relverify.campaign.plan import Plan, Task
from relverify.core.registry import theorems
from relverify.errors import InputError
from relverify.rigor.decide import Verdict


@pytest.fixture
def threads():
    with ThreadPoolExecutor(1) as executor:
        yield executor


def test_one_theorem_by_processes(tmp_path):
    report = campaign.verify(["perturbation"], out=tmp_path / "out", jobs=1)
    assert report.verdict is Verdict.PROVED
    data = json.loads((tmp_path / "out" / "results.json").read_text())
    assert data["verdict"] == "proved"
    assert [c["name"] for c in data["results"][0]["checks"]][:2] == ["record", "derivation"]
    assert data["cited_lemmas"] == ["cauchy-schwarz"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Perturbation of an inner product" in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_resume_recomputes_nothing_that_is_finished(tmp_path, threads, monkeypatch):
    first = campaign.verify(["perturbation"], out=tmp_path, executor=threads)

    def refuse(*arguments):
        raise AssertionError("was computed again")

    monkeypatch.setattr(campaign, "carry_out", refuse)
    second = campaign.verify(["perturbation"], out=tmp_path, executor=threads, resume=True)
    assert second.results == first.results
    with pytest.raises(AssertionError, match="computed again"):
        campaign.verify(["perturbation"], out=tmp_path, executor=threads)


def test_interruption_keeps_what_is_finished(tmp_path, monkeypatch):
    plan = Plan((Task("theorem", "perturbation", {"examples": 2, "seed": 0}), Task("theorem", "x", {})))
    monkeypatch.setattr(campaign, "make_plan", lambda *a: plan)

    class Interrupted(ThreadPoolExecutor):
        def submit(self, fn, task, folder):
            if task.name == "perturbation":
                return super().submit(fn, task, folder)
            future: Future = Future()
            future.set_exception(KeyboardInterrupt())
            return future

    with Interrupted(1) as executor:
        waits = iter([0])
        monkeypatch.setattr(campaign, "wait", lambda pending, **k: _in_order(pending, waits))
        with pytest.raises(KeyboardInterrupt):
            campaign.verify(out=tmp_path, executor=executor)
    store = campaign.Store(tmp_path / "results.sqlite")
    kept = store.get(plan.tasks[0])
    store.close()
    assert kept is not None
    assert kept["verdict"] == "proved"
    assert not (tmp_path / "report.html").exists()


def _in_order(pending, waits):
    first = next(iter(pending))
    if next(waits, None) is not None:
        first.result()
    return {first}, set(pending) - {first}


def test_an_error_in_a_task_is_undecided_with_its_reason(tmp_path, monkeypatch):
    def broken(task, folder):
        raise RuntimeError("the machine is on fire")

    monkeypatch.setattr(tasks, "_theorem", broken)
    result = tasks.carry_out(Task("theorem", "perturbation"), str(tmp_path))
    assert result["verdict"] == "undecided"
    assert "the machine is on fire" in result["detail"]


def test_a_refuted_theorem_refutes_the_job_and_opens_those_that_use_it():
    results = [
        {"kind": "theorem", "name": label, "verdict": "refuted" if label == "perturbation" else "proved", "detail": ""}
        for label in theorems()
    ]
    verdicts = {r["name"]: r["verdict"] for r in campaign._inherit(results)}
    assert verdicts["perturbation"] == "refuted"
    assert verdicts["symmetric"] == "undecided"
    assert verdicts["ridge-spline"] == "proved"


def test_exit_code_follows_the_verdict(tmp_path):
    for verdict, code in (("proved", 0), ("refuted", 1), ("undecided", 2)):
        results = ({"kind": "theorem", "name": "a", "verdict": verdict, "detail": ""},)
        assert campaign.Report(results, (), 0.0, tmp_path).verdict.exit_code == code


@pytest.mark.parametrize(
    "options", [{"device": "tpu"}, {"jobs": 0}, {"seed": -1}, {"out": "/proc/nowhere"}], ids=lambda o: next(iter(o))
)
def test_options_out_of_range_are_refused(options, tmp_path):
    with pytest.raises(InputError):
        campaign.verify(["perturbation"], **{"out": tmp_path, **options})
