"""``relverify train``."""

from __future__ import annotations

from typing import Annotated

import typer

from relverify.cli._options import Device, Eps, Json, Out, Seed, XBox, YBox
from relverify.cli._output import between, print_json, print_lines, status


def command(
    relation: str,
    x: XBox,
    eps: Eps,
    y: YBox = None,
    units: Annotated[int | None, typer.Option("--units", help="Hidden units; by default the predicted number.")] = None,
    theorem: Annotated[
        str, typer.Option("--theorem", help="Which theorem predicts the size: grid-neurons, symmetric or asymmetric.")
    ] = "grid-neurons",
    seed: Seed = 0,
    init: Annotated[str, typer.Option("--init", help="uniform-knots or random-knots.")] = "uniform-knots",
    device: Device = "auto",
    precision: Annotated[str, typer.Option("--precision", help="Of the fit: float64 or float32.")] = "float64",
    search: Annotated[
        float, typer.Option("--search", help="Seconds to look for the smallest size, without --units; 0 for none.")
    ] = 10.0,
    out: Out = None,
    as_json: Json = False,
) -> int:
    """Train networks of the predicted size from random output weights and certify their error."""
    from relverify import api
    from relverify.core.box import parse_box

    with status(as_json) as progress:
        trained = api.train(
            relation,
            x,
            y,
            eps=eps,
            units=units,
            theorem=theorem,
            seed=seed,
            init=init,
            device=device,
            precision=precision,
            progress=progress,
        )
        smallest = None
        if units is None and search > 0 and parse_box(x, "x").dim == 1:
            given = {"theorem": theorem, "seed": seed, "device": device, "progress": progress}
            smallest = api.smallest(relation, x, y, eps=eps, start=trained, time_limit=search, **given)
    least = None if smallest is None else smallest.units
    missing: list[str] = []
    files = trained.write(out, notice=missing.append) if out is not None else {}
    result = {**trained.as_dict(), "smallest": least, "files": files}
    if as_json:
        print_json(result)
    else:
        print_lines(
            [
                ("verdict", result["verdict"]),
                ("hidden units", f"{trained.units} ({trained.predicted} predicted by {trained.theorem})"),
                *([("smallest found", f"{least} units meet the target, certified")] if least is not None else []),
                ("largest error", between(trained.certificate)),
                ("target", result["eps"]),
                ("at step 0", f"error at least {result['start_lower']}; {result['start']}"),
                *((f"{name} file", path) for name, path in files.items()),
                *(("certificate file", line) for line in missing),
            ]
        )
    return trained.verdict.exit_code
