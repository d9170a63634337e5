"""``relverify compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from relverify.cli._options import Eps, Json, XBox, YBox
from relverify.cli._output import console, print_json, status


def command(
    relation: str,
    x: XBox,
    eps: Eps,
    y: YBox = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Picture of the counts, .png, .svg or .pdf.")] = None,
    as_json: Json = False,
) -> int:
    """Compare all bounds that apply: what suffices, constructively or not, and what is needed."""
    from relverify import api

    with status(as_json) as progress:
        found = api.compare(relation, x, y, eps=eps, progress=progress)
    if plot is not None:
        from relverify.plot import comparison, save

        save(comparison(found), plot)
    if as_json:
        return print_json(found.as_dict())
    from rich.table import Column, Table

    errors = [Column(f"{float(e):.4g}", no_wrap=True, justify="right") for e in found.errors]
    table = Table(Column("theorem", no_wrap=True), "says", "counts", *errors, "slope", "rate")
    for row in found.rows:
        counts = [_short(count) for count in row.counts]
        slope = "" if row.slope is None else f"{row.slope:.2f}"
        table.add_row(row.theorem, "needed" if row.sense == "needed" else row.kind, row.what, *counts, slope, row.rate)
    console().print(table)
    if found.ratio is not None:
        print(f"units of the best construction over units needed: {found.ratio:.4g}")
    return 0


def _short(count: int | None) -> str:
    if count is None:
        return ""
    return str(count) if count < 10**6 else f"{count:.1e}".replace("e+0", "e").replace("e+", "e")
