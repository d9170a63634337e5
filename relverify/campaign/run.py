"""Run the main job: tasks in processes, live progress, results kept as they come, the report at the end."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relverify._version import __version__
from relverify.campaign.executors import dask_cluster, processes, undisturbed
from relverify.campaign.plan import Plan, Task, make_plan
from relverify.campaign.store import Store
from relverify.campaign.tasks import carry_out
from relverify.core.graph import propagate
from relverify.core.registry import theorems
from relverify.errors import InputError
from relverify.networks.files import make_folder
from relverify.rigor.decide import Verdict, overall

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PACKAGES = ("sympy", "mpmath", "python-flint", "z3-solver", "numpy", "torch", "hypothesis")


@dataclass(frozen=True)
class Report:
    """The outcome of the main job.

    Parameters
    ----------
    results : tuple of dict
        One a task, in the order of the plan; see :func:`relverify.campaign.tasks.carry_out`.
    not_run : tuple of str
        What was left out, with the reason.
    seconds : float
    folder : Path
        Holds ``report.html``, ``results.json``, ``plots`` and ``networks``.
    provenance : dict
        Versions, platform and seed.
    source : Path, optional
        Where the networks stand, if not in `folder`.
    """

    results: tuple[dict[str, Any], ...]
    not_run: tuple[str, ...]
    seconds: float
    folder: Path
    provenance: dict[str, Any] = field(default_factory=dict)
    source: Path | None = None

    @property
    def networks(self) -> Path:
        """The folder to which the paths of networks in the results refer."""
        return self.source or self.folder

    @property
    def verdict(self) -> Verdict:
        """The verdict on everything together."""
        return overall(Verdict(r["verdict"]) for r in self.results)

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """The results of one kind of task."""
        return [r for r in self.results if r["kind"] == kind]

    def proved(self, kind: str) -> int:
        """How many results of one kind are proved."""
        return sum(r["verdict"] == "proved" for r in self.of_kind(kind))

    @property
    def lemmas(self) -> list[str]:
        """The classical lemmas that were cited."""
        return sorted({lemma for r in self.of_kind("theorem") for lemma in r.get("lemmas", ())})

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "verdict": str(self.verdict),
            "counts": {str(v): sum(r["verdict"] == v for r in self.results) for v in Verdict},
            "cited_lemmas": self.lemmas,
            "not_run": list(self.not_run),
            "provenance": self.provenance,
            "seconds": round(self.seconds, 3),
            "report": str(self.folder / "report.html"),
            "results": list(self.results),
        }

    def summary(self) -> Table:
        """A table for the terminal."""
        from rich.table import Table

        table = Table("what", "verdict", "detail", title=f"relverify {__version__}: {self.verdict}")
        colours = {"proved": "green", "refuted": "red", "undecided": "yellow"}
        for result in self.results:
            verdict = result["verdict"]
            name = f"{result['kind']} {result['name']}"
            table.add_row(name, f"[{colours[verdict]}]{verdict}[/]", _escape(result["detail"]))
        for reason in self.not_run:
            table.add_row("not run", "-", _escape(reason))
        table.caption = f"{self.seconds:.1f} s; {self.folder / 'report.html'}"
        return table


def verify(
    labels: Sequence[str] = (),
    *,
    quick: bool = False,
    full: bool = False,
    out: str | Path = "relverify-report",
    seed: int = 0,
    device: str = "auto",
    jobs: int | None = None,
    dask: str | None = None,
    resume: bool = False,
    executor: Executor | None = None,
    console: Console | None = None,
) -> Report:
    """Prove every theorem, build and train networks, certify their errors, write the report.

    Parameters
    ----------
    labels : sequence of str
        Only these theorems; with none, everything.
    quick : bool
        Within a minute.
    full : bool
        The whole grid of relations, errors, theorems and seeds: about 15 minutes on two cores.
    out : path
        The folder for ``report.html``, ``results.json``, ``plots`` and ``networks``.
    seed : int
        Makes random instances, trainings and preorders reproducible.
    device : {"auto", "cpu", "cuda"}
        For training.
    jobs : int, optional
        Processes; by default one a core.
    dask : str, optional
        The address of the scheduler of a Dask cluster that runs the tasks instead.
    resume : bool
        Keep what an earlier run with the same specification has finished in `out`.
    executor : Executor, optional
        Runs the tasks instead of processes of this machine.
    console : Console, optional
        Shows live progress.

    Returns
    -------
    Report

    Raises
    ------
    InputError
        If an option is out of range or the folder cannot be written.
    """
    from relverify.campaign.report import write

    if device not in ("auto", "cpu", "cuda"):
        raise InputError("device", f"{device!r} is unknown", "auto, cpu, cuda")
    if jobs is not None and not 1 <= jobs <= 1024:
        raise InputError("jobs", f"{jobs} is not a number of processes", "1 to 1024")
    if not 0 <= seed < 2**32:
        raise InputError("seed", f"{seed} is out of range", "0 to 4294967295")
    if quick and full:
        raise InputError("full", "contradicts quick", "one of the two")
    plan = make_plan(labels, quick, seed, device, full)
    folder = make_folder(out)
    start = time.perf_counter()
    with _alone(folder), closing(Store(folder / "results.sqlite")) as store:
        facts = {"not_run": plan.not_run, "provenance": _provenance(seed, device), "tasks": len(plan.tasks)}
        store.plan(plan.tasks, facts, clear=not resume)
        with _workers(executor, dask, jobs) as workers:
            found = _run(plan, store, workers, folder, console)
        seconds = time.perf_counter() - start
        store.describe({"seconds": seconds})
    results = tuple(_inherit([found[task.key] for task in plan.tasks]))
    report = Report(results, plan.not_run, seconds, folder, _provenance(seed, device))
    try:
        write(report)
    except InputError as error:
        problem, accepted = f"{error.problem}; all results are kept", f"{error.accepted}, then: relverify report"
        raise InputError(error.argument, problem, accepted) from error
    return report


def rebuild(store: str | Path, out: str | Path | None = None) -> Report:
    """Write the report of a store again, finished or not.

    Parameters
    ----------
    store : path
        ``results.sqlite``, or the folder that holds it.
    out : path, optional
        The folder for the report; by default that of the store. The networks that the report draws are read from the
        folder of the store.

    Returns
    -------
    Report

    Raises
    ------
    InputError
        If there is no store, or it holds no plan.
    """
    from relverify.campaign.report import write

    path = Path(store)
    path = path / "results.sqlite" if path.is_dir() else path
    if not path.is_file():
        raise InputError("store", f"{path} does not exist", "results.sqlite of a campaign, or its folder")
    with closing(Store(path, "store", create=False)) as source:
        known, tasks = source.description(), source.planned()
        found = [(task, source.get(task)) for task in tasks]
    if not tasks:
        raise InputError("store", f"{path} holds no plan", "results.sqlite of a campaign, or its folder")
    missing = sum(result is None for _, result in found)
    not_run = tuple(known.get("not_run", ())) + ((f"{missing} of {len(tasks)} tasks: unfinished",) if missing else ())
    results = tuple(_inherit([result for _, result in found if result is not None]))
    folder = make_folder(path.parent if out is None else out)
    seconds, provenance = float(known.get("seconds", 0.0)), known.get("provenance", {})
    report = Report(results, not_run, seconds, folder, provenance, path.parent)
    write(report)
    return report


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other run writes into the folder meanwhile; what locks it ends with this process, however that ends."""
    try:
        import fcntl
    except ImportError:  # not on Windows
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError("out", f"another run is writing into {folder}", "another folder, or wait") from None
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(handle)


def _workers(executor: Executor | None, dask: str | None, jobs: int | None) -> AbstractContextManager[Executor]:
    if executor is not None:
        return nullcontext(executor)
    return dask_cluster(dask) if dask is not None else processes(jobs)


def _run(
    plan: Plan, store: Store, workers: Executor, folder: Path, console: Console | None
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    pending: dict[Future[dict[str, Any]], Task] = {}
    with undisturbed():
        for task in plan.tasks:
            kept = store.get(task)
            if kept is not None:
                found[task.key] = kept
            else:
                pending[workers.submit(carry_out, task, str(folder))] = task
    with _display(console, len(plan.tasks), len(found)) as shown:
        try:
            while pending:
                shown.running([task.title for future, task in pending.items() if future.running()])
                done, _ = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    task = pending[future]
                    found[task.key] = _keep(store, task, future)
                    del pending[future]
                    shown.finished(task, found[task.key])
        except BrokenProcessPool:
            problem = f"a process was ended from outside, perhaps for lack of memory; {_kept(plan, found)}"
            raise InputError("jobs", problem, "fewer processes, with --resume") from None
        except InputError as error:
            problem = f"{error.problem}; {_kept(plan, found)}"
            raise InputError(error.argument, problem, f"{error.accepted}, then --resume") from error
        finally:
            # finished since the last look, when the run is cut short
            for future, task in pending.items():
                if future.done() and not future.cancelled() and future.exception() is None:
                    with suppress(InputError):
                        _keep(store, task, future)
    return found


def _keep(store: Store, task: Task, future: Future[dict[str, Any]]) -> dict[str, Any]:
    """Store a result; what is returned is what a later run reads, so that both write the same report."""
    text = json.dumps(future.result(), sort_keys=True)
    result: dict[str, Any] = json.loads(text)
    store.put(task, result)
    return result


def _kept(plan: Plan, found: dict[str, Any]) -> str:
    return f"{len(found)} of {len(plan.tasks)} tasks are finished and kept"


def _inherit(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Verdicts travel along the uses of theorems, as far as the used ones were checked too."""
    own = {r["name"]: Verdict(r["verdict"]) for r in results if r["kind"] == "theorem"}
    if set(own) != set(theorems()):
        return results
    inherited = propagate(theorems(), own)
    changed = []
    for result in results:
        verdict = inherited.get(result["name"]) if result["kind"] == "theorem" else None
        if verdict is not None and str(verdict) != result["verdict"]:
            result = {**result, "verdict": str(verdict), "detail": f"uses an open theorem; {result['detail']}"}
        changed.append(result)
    return changed


class _Quiet:
    def running(self, titles: list[str]) -> None:
        """Nothing is shown."""

    def finished(self, task: Task, result: dict[str, Any]) -> None:
        """Nothing is shown."""


class _Live(_Quiet):
    def __init__(self, progress: Any, bar: Any) -> None:
        self.progress, self.bar = progress, bar

    def running(self, titles: list[str]) -> None:
        self.progress.update(self.bar, description=" · ".join(titles[:2]) or "starting processes")

    def finished(self, task: Task, result: dict[str, Any]) -> None:
        colour = {"proved": "green", "refuted": "red"}.get(result["verdict"], "yellow")
        line = f"[{colour}]{result['verdict']:<9}[/] {_escape(task.title)}: {_escape(result['detail'])}"
        self.progress.console.print(line, highlight=False)
        self.progress.advance(self.bar)


@contextmanager
def _display(console: Console | None, total: int, finished: int) -> Iterator[_Quiet]:
    if console is None:
        yield _Quiet()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console) as progress:
        yield _Live(progress, progress.add_task("starting processes", total=total, completed=finished))


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _provenance(seed: int, device: str) -> dict[str, Any]:
    versions = {"relverify": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return {"versions": versions, "platform": platform.platform(), "seed": seed, "device": device}
