"""``relverify bound``."""

from __future__ import annotations

from typing import Annotated

import typer

from relverify.cli._options import Json, OptionalX, YBox
from relverify.cli._output import print_json, print_lines
from relverify.errors import InputError


def command(
    label: str,
    values: Annotated[list[str] | None, typer.Argument(help="name=value, exact: 3, 1/7, 0.1, sqrt(2), pi.")] = None,
    relation: Annotated[str | None, typer.Option("--relation", help="Computes the constants it determines.")] = None,
    x: OptionalX = None,
    y: YBox = None,
    solve: Annotated[str | None, typer.Option("--solve", help="Solve for this symbol.")] = None,
    digits: Annotated[int, typer.Option("--digits", help="Correct significant digits.")] = 50,
    as_json: Json = False,
) -> int:
    """Evaluate the bound of a theorem, enclosed, with mpmath as the second opinion."""
    from relverify import api

    given: dict[str, str] = {}
    for item in values or []:
        name, equals, value = item.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise InputError("values", f"{item[:60]!r} is not an assignment", "name=value")
        if name.strip() in given:
            raise InputError("values", f"{name.strip()} is given twice", "one value")
        given[name.strip()] = value.strip()
    result = api.bound(label, given, solve=solve, digits=digits, relation=relation, x=x, y=y)
    if as_json:
        return print_json(result)
    lines = [("value", result.value), ("lo", result.lo), ("hi", result.hi), ("mpmath", result.mpmath)]
    if result.integer is not None:
        lines.insert(0, (f"{solve} (certified integer)", str(result.integer)))
    print_lines([*lines, *(("assumed", hypothesis) for hypothesis in result.assumed)])
    return 0
