"""``relverify verify``."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from relverify.cli._options import Device, Json, Seed
from relverify.cli._output import console, print_json
from relverify.cli._signals import Stopped, stoppable
from relverify.errors import InputError


def command(
    labels: Annotated[list[str] | None, typer.Argument(help="Theorems; by default all.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Within a minute: fewer instances and relations.")] = False,
    full: Annotated[bool, typer.Option("--full", help="All errors, theorems and seeds: about 15 minutes.")] = False,
    out: Annotated[Path, typer.Option("--out", help="Folder for report.html, results.json and plots.")] = Path(
        "relverify-report"
    ),
    seed: Seed = 0,
    device: Device = "auto",
    jobs: Annotated[int | None, typer.Option("--jobs", help="Processes; by default one a core.")] = None,
    dask: Annotated[str | None, typer.Option("--dask", help="Address of a Dask scheduler that runs the tasks.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Keep what an interrupted run has finished.")] = False,
    as_json: Json = False,
) -> int:
    """The main job: prove every theorem, build and train networks, certify their errors, write the report."""
    from relverify import api

    options = {"quick": quick, "full": full, "out": out, "seed": seed, "device": device}
    try:
        with stoppable(), tempfile.TemporaryDirectory(prefix="relverify-") as scratch:
            # Hypothesis, here and in the processes started here, would leave its files in the working directory
            os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", scratch)
            report = api.verify(labels or (), **options, jobs=jobs, dask=dask, resume=resume, console=console(True))
    except Stopped as stopped:
        print(f"interrupted; {_kept(out)}; continue by the same command with --resume", file=sys.stderr)
        return stopped.exit_code
    if as_json:
        print_json(report.as_dict())
    else:
        console().print(report.summary())
    return report.verdict.exit_code


def _kept(out: Path) -> str:
    from relverify.campaign.store import Store

    try:
        with closing(Store(out / "results.sqlite", create=False)) as store:
            finished, tasks = store.progress()
    except InputError:
        return "nothing was finished"
    return f"{finished} of {tasks} tasks are finished and kept in {out}"
