"""``relverify audit``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from relverify.cli._options import Json, Out
from relverify.cli._output import console, print_json, print_lines, status


def command(
    model: Annotated[Path, typer.Argument(help="Weights, a .safetensors file or the index of a sharded one.")],
    config: Annotated[Path, typer.Option("--config", help="The config.json of the model.")],
    inputs: Annotated[
        Path | None, typer.Option("--inputs", help="Inputs of attention (.npy, .safetensors); by default any.")
    ] = None,
    ball: Annotated[str | None, typer.Option("--ball", help="Radius of a ball of inputs; by default any.")] = None,
    eps: Annotated[str, typer.Option("--eps", help="How far attention may move, in (0, 1/2).")] = "1/10",
    offset: Annotated[
        list[int] | None, typer.Option("--offset", help="Places from a key to its query, with rotary positions.")
    ] = None,
    out: Out = None,
    as_json: Json = False,
) -> int:
    """Prove what the attention heads of a transformer are as relations, with heat maps by layer and head."""
    from relverify import api
    from relverify.attention.audit_report import summary, table

    with status(as_json) as progress:
        found = api.audit(model, config, inputs=inputs, ball=ball, eps=eps, offsets=offset or None, progress=progress)
    files = found.write(out) if out is not None else {}
    if as_json:
        print_json({**found.as_dict(), "files": files})
    else:
        console().print(table(found))
        print_lines([*summary(found), *((name, files[name]) for name in ("report", "json") if name in files)])
    return found.verdict.exit_code
