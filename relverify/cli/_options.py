"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
XBox = Annotated[str, typer.Option("--x", help='Box of x, for instance "[0,1]".')]
OptionalX = Annotated[str | None, typer.Option("--x", help='Box of x, for instance "[0,1]".')]
YBox = Annotated[str | None, typer.Option("--y", help="Box of y; by default that of x.")]
Eps = Annotated[str, typer.Option("--eps", help="The error, an exact number > 0.")]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for the results.")]
Seed = Annotated[int, typer.Option("--seed", help="Makes random parts reproducible.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]
