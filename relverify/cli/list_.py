"""``relverify list``."""

from __future__ import annotations

from relverify.cli._options import Json
from relverify.cli._output import console, print_json


def command(as_json: Json = False) -> int:
    """List every theorem: label, title, status, sense, and whether it is constructive."""
    from relverify import api

    rows = api.list_theorems()
    if as_json:
        return print_json({"theorems": rows})
    from rich.table import Column, Table

    table = Table(Column("label", no_wrap=True), "title", "status", "sense", "kind")
    for row in rows:
        sense = f"{row['sense']}, sharp" if row["sharp"] else row["sense"]
        kind = "constructive" if row["constructive"] else "existence"
        table.add_row(row["label"], row["title"], row["status"], sense, kind)
    console().print(table)
    return 0
