"""``relverify report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from relverify.cli._options import Json
from relverify.cli._output import print_json, print_lines


def command(
    store: Annotated[Path, typer.Argument(help="results.sqlite of a campaign, or its folder.")],
    out: Annotated[Path | None, typer.Option("--out", help="Folder; by default that of the store.")] = None,
    as_json: Json = False,
) -> int:
    """Write the report of a campaign again from its store, finished or not."""
    from relverify import api

    report = api.report(store, out)
    if as_json:
        print_json(report.as_dict())
    else:
        counts = ", ".join(f"{count} {verdict}" for verdict, count in report.as_dict()["counts"].items())
        print_lines(
            [("verdict", str(report.verdict)), ("results", counts), ("report", str(report.folder / "report.html"))]
        )
    return report.verdict.exit_code
