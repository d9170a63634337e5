"""``relverify certify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from relverify.cli._options import Device, Json, XBox, YBox
from relverify.cli._output import between, print_json, print_lines, status


def command(
    phi: Annotated[Path, typer.Argument(help="Network of x: safetensors, npz, ONNX or a state dict.")],
    psi: Annotated[Path | None, typer.Argument(help="Network of y; by default that of x.")] = None,
    *,
    relation: Annotated[str, typer.Option("--relation", help="r, in x and y or x1, x2, y1, y2.")],
    x: XBox,
    y: YBox = None,
    activation: Annotated[str | None, typer.Option("--activation", help="In place of the one in the files.")] = None,
    eps: Annotated[str | None, typer.Option("--eps", help="Decide whether the error is at most this.")] = None,
    within: Annotated[str | None, typer.Option("--within", help="Upper over lower bound; 1.1 without --eps.")] = None,
    memory: Annotated[float, typer.Option("--memory", help="Gigabytes.")] = 2.0,
    time_limit: Annotated[float | None, typer.Option("--time-limit", help="Seconds.")] = None,
    threads: Annotated[int | None, typer.Option("--threads", help="By default one a core.")] = None,
    device: Device = "auto",
    semantics: Annotated[
        str, typer.Option("--semantics", help="real: exact functions; float32, float64: their execution.")
    ] = "real",
    out: Annotated[Path | None, typer.Option("--out", help="File for the certificate, for relverify check.")] = None,
    as_json: Json = False,
) -> int:
    """Prove the error of one or two networks over a whole domain, rounding included."""
    from relverify import api
    from relverify.certify.result import as_dict, outcome

    options: dict[str, Any] = {"eps": eps, "within": within, "memory": memory * 1e9, "time_limit": time_limit}
    options |= {"threads": threads, "device": device, "semantics": semantics}
    with status(as_json) as progress:
        found = api.certify(relation, phi, psi, x=x, y=y, activation=activation, out=out, progress=progress, **options)
    result = as_dict(found) | {"certificate": None if out is None else str(out)}
    if as_json:
        print_json(result)
    else:
        print_lines(
            [
                ("verdict", result["verdict"]),
                ("largest error", between(found)),
                *([("target", result["eps"])] if found.eps is not None else []),
                ("largest found at", ", ".join(f"{float(v.p) / float(v.q):.6g}" for v in found.argmax)),
                ("reason", found.reason),
                ("semantics", result["semantics"]),
                *([("of it rounding", result["rounding"])] if result["rounding"] is not None else []),
                *(("assumed", line) for line in result["assumptions"]),
                ("pairs of cells", str(found.cells)),
                ("computed on", result["device"]),
                ("seconds", f"{found.seconds:.3f}"),
                *([("certificate", str(out))] if out is not None else []),
            ]
        )
    return outcome(found).exit_code
