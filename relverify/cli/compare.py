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
    time_limit: Annotated[float, typer.Option("--time-limit", help="Seconds after which no count is begun.")] = 60.0,
    as_json: Json = False,
) -> int:
    """Compare all bounds that apply: what suffices, constructively or not, and what is needed."""
    from relverify import api

    with status(as_json) as progress:
        found = api.compare(relation, x, y, eps=eps, progress=progress, time_limit=time_limit)
    if plot is not None:
        from relverify.plot import comparison, save

        save(comparison(found), plot)
    if as_json:
        return print_json(found.as_dict())
    from rich.box import SIMPLE_HEAD
    from rich.table import Column, Table

    for what in dict.fromkeys(row.what for row in found.rows):
        errors = [Column(f"{float(e):.4g}", no_wrap=True, justify="right") for e in found.errors]
        columns: list[Column | str] = [Column("by", ratio=1, overflow="fold"), *errors, "slope", "rate"]
        table = Table(*columns, title=what, title_justify="left", box=SIMPLE_HEAD)
        for kind in ("existence", "constructive", "lower bound"):
            for row in found.rows:
                if (row.what, row.kind) == (what, kind):
                    slope = "" if row.slope is None else f"{row.slope:.2f}"
                    name = row.name if row.theorem in row.name else f"{row.name}\n[dim]{row.theorem}[/dim]"
                    table.add_row(name, *(_short(count) for count in row.counts), slope, row.rate)
            table.add_section()
        console().print(table)
    for name, reason in found.absent.items():
        console().print(f"[dim]left out: {name}: {reason}[/dim]")
    if found.ratio is not None:
        print(f"units of the best construction over units needed: {found.ratio:.4g}")
    return 0


def _short(count: int | None) -> str:
    if count is None:
        return ""
    return str(count) if count < 10**6 else f"{count:.1e}".replace("e+0", "e").replace("e+", "e")
