"""``relverify new``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    label: str,
    out: Annotated[Path | None, typer.Option("--out", help="Folder; by default the theorems of the package.")] = None,
) -> int:
    """Write the file of a new theorem, a small one that already passes every check."""
    from relverify import api

    print(api.new(label, out))
    return 0
