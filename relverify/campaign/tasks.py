"""How each kind of task is carried out; runs in a worker process."""

from __future__ import annotations

import time
import traceback
from pathlib import Path
from typing import Any

from relverify.campaign.plan import Task
from relverify.core.box import parse_box
from relverify.errors import InputError
from relverify.rigor.decide import Verdict, overall

WRITABLE = "free space and a writable folder"


def carry_out(task: Task, folder: str) -> dict[str, Any]:
    """Carry out one task.

    Parameters
    ----------
    task : Task
    folder : str
        Where networks and certificates are written.

    Returns
    -------
    dict
        JSON values: ``kind``, ``name``, ``verdict``, ``detail``, ``seconds``, and what the kind adds. An error in the
        task makes it undecided, with the error as the reason; it does not end the job.

    Raises
    ------
    InputError
        If a file cannot be written: that says nothing about the task, and must not be kept as its result.
    """
    start = time.perf_counter()
    run = {
        "theorem": _theorem, "relation": _relation, "counts": _counts, "train": _train, "smallest": _smallest,
        "attention": _attention,
    }[task.kind]  # fmt: skip
    try:
        found = run(task, Path(folder))
    except OSError as error:
        problem = f"cannot read or write {error.filename or folder}: {error.strerror or error}"
        raise InputError("out", problem, WRITABLE) from error
    except InputError as error:
        if isinstance(error.__cause__, OSError):
            raise InputError("out", error.problem, WRITABLE) from error
        found = {"verdict": Verdict.UNDECIDED, "detail": str(error)}
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}:{last.lineno}"
        found = {"verdict": Verdict.UNDECIDED, "detail": f"{type(error).__name__} at {where}: {error}"}
    return {
        "kind": task.kind,
        "name": task.name,
        "arguments": task.arguments,
        **found,
        "verdict": str(found["verdict"]),
        "seconds": round(time.perf_counter() - start, 3),
    }


def _theorem(task: Task, folder: Path) -> dict[str, Any]:
    from relverify.core.graph import lemmas
    from relverify.core.registry import theorem, theorems
    from relverify.core.render import claim
    from relverify.testing.kit import check

    record = theorem(task.name)
    checks = list(check(record, task.arguments["examples"], task.arguments["seed"]))
    failed = [c for c in checks if c.verdict is not Verdict.PROVED]
    cited = lemmas(theorems(), task.name)
    detail = "; ".join(f"{c.name}: {c.detail}" for c in failed) or (
        f"proved modulo {{{', '.join(cited)}}}" if cited else "proved in full"
    )
    return {
        "verdict": overall(c.verdict for c in checks),
        "detail": detail,
        "title": record.title,
        "status": record.status,
        **claim(record),
        "lemmas": list(cited),
        "checks": [c.as_dict() for c in checks],
    }


def _relation(task: Task, folder: Path) -> dict[str, Any]:
    from relverify.networks.synthesize import synthesize
    from relverify.relations import parse_relation

    result = synthesize(parse_relation(task.name), parse_box(task.arguments["x"]), eps=task.arguments["eps"])
    files = result.write(folder / "networks" / slug(f"{task.name}-built"))
    data = result.as_dict({name: str(Path(path).relative_to(folder)) for name, path in files.items()})
    verdict = result.certificate.verdict or Verdict.UNDECIDED
    detail = f"{result.N} units, error in [{data['lower']}, {data['upper']}] <= {data['eps']}, {result.needed} needed"
    return {"verdict": verdict, "detail": detail, "result": data}


def _counts(task: Task, folder: Path) -> dict[str, Any]:
    from relverify.certify.segments import needed_units
    from relverify.networks.counts import grid_units
    from relverify.relations import parse_relation

    relation, box = parse_relation(task.name), parse_box(task.arguments["x"])
    symmetric = bool(relation.psd_on(box)) and relation.symmetric
    rows, verdicts = [], []
    for eps in task.arguments["eps"]:
        predicted = grid_units(relation, box, None, eps).units
        needed = needed_units(relation, box, None, eps, symmetric)[0]
        rows.append({"eps": eps, "predicted": predicted, "needed": needed})
        verdicts.append(Verdict.PROVED if needed <= predicted else Verdict.REFUTED)
    last = rows[-1]
    detail = f"at {last['eps']}: {last['needed']} needed <= {last['predicted']} suffice"
    return {"verdict": overall(verdicts), "detail": detail, "rows": rows}


def _train(task: Task, folder: Path) -> dict[str, Any]:
    from relverify.networks.train import train
    from relverify.relations import parse_relation

    options = {name: task.arguments[name] for name in ("eps", "theorem", "seed", "device")}
    trained = train(parse_relation(task.name), parse_box(task.arguments["x"]), **options)
    name = slug(f"{task.name}-{options['theorem']}-{options['eps']}-seed{options['seed']}")
    files = trained.write(folder / "networks" / name, time_limit=task.arguments.get("certificate", 0))
    data = trained.as_dict() | {"files": {n: str(Path(path).relative_to(folder)) for n, path in files.items()}}
    reached = f"certified error {data['upper']} <= {data['eps']}"
    if trained.verdict is not Verdict.PROVED:
        reached = f"error at least {data['lower']}; {trained.certificate.reason or 'above the target'}"
    detail = f"{trained.units} units trained, {reached}"
    return {"verdict": trained.verdict, "detail": detail, "result": data}


def _smallest(task: Task, folder: Path) -> dict[str, Any]:
    from relverify.networks.ensemble import smallest
    from relverify.relations import parse_relation

    eps, options = task.arguments["eps"], {name: task.arguments[name] for name in ("eps", "seed", "device")}
    relation, box = parse_relation(task.name), parse_box(task.arguments["x"])
    found = smallest(relation, box, time_limit=task.arguments["seconds"], **options)
    if found is None:
        return {"verdict": Verdict.UNDECIDED, "detail": f"training missed {eps} at the predicted size", "rows": []}
    upper = found.trained.as_dict()["upper"]
    row = {"eps": eps, "units": found.units, "upper": upper, "tried": found.tried}
    detail = f"{found.units} units trained, certified error {upper} <= {eps}"
    return {"verdict": Verdict.PROVED, "detail": detail, "rows": [row]}


def _attention(task: Task, folder: Path) -> dict[str, Any]:
    from relverify.attention.selection import selection_demo

    result = selection_demo(task.arguments["seed"])
    right = "every query selects its best item" if result.correct else "a query selects a wrong item"
    detail = (
        f"{right}; {result.units} units, {result.features} features, inverse temperature {float(result.beta):.4g}, "
        f"output error {float(result.observed):.3g} <= {float(result.proven):.3g} proven ({result.executor})"
    )
    return {"verdict": result.verdict, "detail": detail, "result": result.as_dict()}


def slug(text: str) -> str:
    """A name for a file.

    Examples
    --------
    >>> slug("gaussian(ell=1/2)")
    'gaussian-ell-1-2'
    """
    kept = "".join(c if c.isalnum() else "-" for c in text)
    return "-".join(part for part in kept.split("-") if part)
