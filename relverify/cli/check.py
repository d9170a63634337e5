"""``relverify check``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from relverify.cli._options import Json
from relverify.cli._output import print_json, print_lines, status

EXIT = {"proved": 0, "refuted": 1, "rejected": 1, "undecided": 2}


def command(
    path: Annotated[Path, typer.Argument(metavar="CERT", help="A file that certify --out has written.")],
    as_json: Json = False,
) -> int:
    """Check a certificate by the independent checker, which trusts nothing of the search."""
    from relverify import api

    with status(as_json) as progress:
        progress("checking")
        result = api.check(path)
    if as_json:
        print_json(result)
    else:
        print_lines([(key, _text(value)) for key, value in result.items() if value is not None])
    return EXIT[result["verdict"]]


def _text(value: object) -> str:
    if isinstance(value, list):
        return " x ".join(f"[{lo}, {hi}]" for lo, hi in value)
    return str(value)
