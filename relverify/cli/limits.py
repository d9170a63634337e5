"""``relverify limits``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relverify.cli._options import Eps, Json, XBox, YBox
from relverify.cli._output import console, print_json, status

if TYPE_CHECKING:
    from relverify.lower.kernels import Distance


def command(
    relation: str,
    x: XBox,
    eps: Eps,
    y: YBox = None,
    out: Annotated[Path | None, typer.Option("--out", help="JSON file for the numbers that prove the claims.")] = None,
    as_json: Json = False,
) -> int:
    """Prove what is impossible at an error: features, hidden units, and one network in place of two."""
    from relverify import api
    from relverify.lower.claims import ONE_NETWORK
    from relverify.rigor.decimals import decimal_string

    with status(as_json) as progress:
        found = api.limits(relation, x, y, eps=eps, progress=progress)
    files = {"limits": found.write(out)} if out is not None else {}
    code = 2 if found.one_network == "undecided" else 0
    if as_json:
        print_json({**found.as_dict(), "files": files})
        return code
    from rich.table import Column, Table

    what, theorem = Column("what", no_wrap=True), Column("theorem", no_wrap=True)
    table = Table(what, "needed at least", "error with less, at least", theorem)
    if found.one_network != "impossible":
        table.add_row(ONE_NETWORK, found.one_network, _between(found.distance), "")
    for claim in found.claims:
        needed = "impossible" if claim.needed is None else str(claim.needed)
        table.add_row(claim.subject, needed, decimal_string(claim.error, 4, "down"), claim.theorem)
    console().print(f"{found.relation.text}, x in {found.x}, y in {found.y}, error {found.eps}")
    console().print(table)
    for name, path in files.items():
        print(f"{name} file  {path}")
    return code


def _between(distance: Distance | None) -> str:
    """The proved bounds of what the best network with itself errs."""
    from relverify.rigor.decimals import decimal_string

    if distance is None:
        return ""
    low = decimal_string(distance.lower, 4, "down")
    return f"{low} or more" if distance.upper is None else f"{low} to {decimal_string(distance.upper, 4, 'up')}"
